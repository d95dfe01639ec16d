"""Bazel's error for a missing archive: its name, and the remedies."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

_NEEDED = [".bazelrc", ".bazelversion", "bazelw", "tools/bazelw", "bazel/http_archive.bzl"]
_WORKSPACE = """
load("//bazel:http_archive.bzl", "http_archive")

http_archive(
    name = "rules",
    sha256 = "{sha256}",
    urls = ["{url}"],
)
"""


class Workspace:
    """A workspace with one archive, and its own Bazel."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "workspace"
        self.folder.mkdir()
        for name in _NEEDED:
            copy = self.folder / name
            copy.parent.mkdir(exist_ok=True)
            if Path(name).is_dir():
                shutil.copytree(name, copy)
            else:
                shutil.copy(name, copy)
        (self.folder / "bazel/BUILD.bazel").touch()

    def bazel(self, *words: str) -> "subprocess.CompletedProcess[str]":
        start = ["./bazelw", "--nohome_rc", f"--output_base={self.folder}.output"]
        return subprocess.run(
            [*start, *words],
            cwd=self.folder,
            env=os.environ,
            capture_output=True,
            text=True,
            check=False,
        )

    def error(self, url: str) -> str:
        """Bazel's output when it needs the archive."""
        text = _WORKSPACE.format(url=url, sha256="0" * 64)
        (self.folder / "WORKSPACE").write_text(text, encoding="utf-8")
        result = self.bazel("query", "--repository_cache=", "@rules//:all")
        assert result.returncode != 0
        return result.stderr


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    made = Workspace(tmp_path_factory.mktemp("one"))
    yield made
    made.bazel("clean", "--expunge")


def expect_ways_out(error: str, url: str) -> None:
    assert f"rules could not be downloaded from {url}" in error
    assert "run ./bazelw again" in error
    assert "BAZELW_ROUTE=debian ./bazelw" in error


def test_an_unreachable_archive_is_named_with_the_ways_out(workspace: Workspace) -> None:
    url = "http://127.0.0.1:9/rules.tar.gz"  # port `discard`, without a listener
    error = workspace.error(url)
    assert "refused" in error
    expect_ways_out(error, url)


def test_an_altered_archive_is_named_with_the_ways_out(workspace: Workspace) -> None:
    archive = workspace.folder.parent / "rules.tar.gz"
    archive.write_bytes(b"altered")
    error = workspace.error(archive.as_uri())
    assert "Checksum was" in error
    expect_ways_out(error, archive.as_uri())
