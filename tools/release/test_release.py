"""A release has an archive, layers, a bill of materials and checksums, the same for one commit."""

import hashlib
import json
import os
import platform
import subprocess
import tarfile
from pathlib import Path

from rpc.core.version import VERSION

import pytest

from tools.release.release import ReleaseError, release

NAME = f"orchestrator-{VERSION}"
REQUIREMENTS = "# comment\nclick==8.1.0 \\\n    --hash=sha256:00\ntyping.extensions==4.1\n"
WORKSPACE = """
http_archive(urls = ["https://github.com/bazelbuild/rules_cc/releases/download/v1/rules_cc.tar.gz"])
npm_package(integrity = {"@bazel/buildifier": "sha512-0"}, version = "8.2.1")
"""
ENVIRONMENT = os.environ | {
    "GIT_AUTHOR_DATE": "2026-01-01T00:00:00Z",
    "GIT_COMMITTER_DATE": "2026-01-01T00:00:00Z",
    "GIT_CONFIG_GLOBAL": "/dev/null",
}


def git(folder: Path, *words: str) -> str:
    identity = ["-c", "user.name=name", "-c", "user.email=name@example.com"]
    command = ["git", "-C", str(folder), *identity, *words]
    return subprocess.run(
        command, env=ENVIRONMENT, capture_output=True, text=True, check=True
    ).stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "checkout"
    folder.mkdir()
    (folder / "requirements.txt").write_text(REQUIREMENTS)
    (folder / "WORKSPACE").write_text(WORKSPACE)
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message=first")
    return folder


@pytest.fixture
def layer(tmp_path: Path) -> Path:
    file = tmp_path / "application.tar"
    file.write_bytes(b"layer")
    return file


def built(checkout: Path) -> str:
    return f"{VERSION} (commit {git(checkout, 'rev-parse', 'HEAD')})"


def files(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_a_release_has_its_files_and_their_checksums(checkout: Path, layer: Path) -> None:
    folder = checkout.parent / "release"
    release(checkout, folder, (layer,), built(checkout))
    found = files(folder)
    listed = dict(line.split("  ")[::-1] for line in found.pop("SHA256SUMS").decode().splitlines())
    assert set(found) == {f"{NAME}.tar.gz", f"{NAME}.cdx.json", f"{NAME}-application.tar"}
    assert listed == {name: hashlib.sha256(data).hexdigest() for name, data in found.items()}
    with tarfile.open(folder / f"{NAME}.tar.gz") as archive:
        assert f"{NAME}/WORKSPACE" in archive.getnames()


def test_the_bill_of_materials_has_each_pin(checkout: Path) -> None:
    folder = checkout.parent / "release"
    release(checkout, folder, (), built(checkout))
    bill = json.loads((folder / f"{NAME}.cdx.json").read_text())
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    assert {component["purl"] for component in bill["components"]} == {
        f"pkg:generic/cpython@{platform.python_version()}",
        "pkg:github/bazelbuild/rules_cc@v1",
        "pkg:npm/%40bazel/buildifier@8.2.1",
        "pkg:pypi/click@8.1.0",
        "pkg:pypi/typing-extensions@4.1",
    }


def test_one_commit_makes_the_same_bytes(checkout: Path, layer: Path) -> None:
    folders = [checkout.parent / name for name in ("one", "two")]
    for folder, umask in zip(folders, ("0022", "0077"), strict=True):
        git(checkout, "config", "tar.umask", umask)
        release(checkout, folder, (layer,), built(checkout))
    assert files(folders[0]) == files(folders[1])


def test_a_checkout_with_changes_is_refused(checkout: Path) -> None:
    (checkout / "new").touch()
    # Whatever the user's configuration says.
    git(checkout, "config", "status.showUntrackedFiles", "no")
    with pytest.raises(ReleaseError, match="has changes"):
        release(checkout, checkout.parent / "release", (), built(checkout))


@pytest.mark.parametrize("said", [VERSION, f"{VERSION} (commit {'0' * 40})"])
def test_a_build_of_another_commit_is_refused(checkout: Path, said: str) -> None:
    with pytest.raises(ReleaseError, match="--config=release"):
        release(checkout, checkout.parent / "release", (), said)


def test_a_folder_that_exists_is_left_alone(checkout: Path) -> None:
    with pytest.raises(ReleaseError, match="name a new folder"):
        release(checkout, checkout.parent, (), built(checkout))
