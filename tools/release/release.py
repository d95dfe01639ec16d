"""Writes the files of a release: `./bazelw run --config=release //tools:release -- FOLDER`."""

import gzip
import hashlib
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from rpc.core.version import VERSION, full_version

import click

from tools.release.bill_of_materials import bill_of_materials

_NAME = f"orchestrator-{VERSION}"
_CHECKSUMS = "SHA256SUMS"


class ReleaseError(Exception):
    """No release can be made. The message says why."""


@click.command()
@click.argument("layers", nargs=-1, type=click.Path(path_type=Path))
@click.argument("folder", type=click.Path(path_type=Path))
def main(layers: tuple[Path, ...], folder: Path) -> None:
    """Write archive, image layers, bill of materials and checksums to a new FOLDER.

    Bazel gives the LAYERS.
    """
    checkout = Path(os.environ["BUILD_WORKSPACE_DIRECTORY"])
    target = Path(os.environ["BUILD_WORKING_DIRECTORY"], folder)
    try:
        release(checkout, target, layers, full_version())
    except ReleaseError as error:
        print(f"release: {error}", file=sys.stderr)
        sys.exit(1)
    print(f"{target} has version {VERSION}. `sha256sum --check {_CHECKSUMS}` verifies it.")


def release(checkout: Path, folder: Path, layers: tuple[Path, ...], built: str) -> None:
    """Writes the files of a release.

    Args:
        checkout: without changes.
        folder: to make.
        layers: of the image.
        built: what the programs in the layers answer to `--version`.

    Raises:
        ReleaseError: the checkout has changes, the build is of another commit or names none, or
            the folder is there already.
    """
    if _git(checkout, "status", "--porcelain", "--untracked-files=normal"):
        raise ReleaseError("the checkout has changes: commit them, or build from a clone")
    last = _git(checkout, "log", "-1", "--no-show-signature", "--format=%H %ct").decode()
    commit, seconds = last.split()
    if f"commit {commit})" not in built:
        raise ReleaseError(f"this is no release build of {commit}: add --config=release")
    if folder.exists():
        raise ReleaseError(f"{folder} is there already: name a new folder")
    folder.mkdir(parents=True)
    committed = datetime.fromtimestamp(int(seconds), UTC)
    pins = [(checkout / name).read_text("utf-8") for name in ("requirements.txt", "WORKSPACE")]
    bill = bill_of_materials(VERSION, commit, committed, *pins)
    archive = _git(checkout, "archive", f"--prefix={_NAME}/", "HEAD")
    # Without a time, so that the same commit makes the same bytes.
    (folder / f"{_NAME}.tar.gz").write_bytes(gzip.compress(archive, mtime=0))
    (folder / f"{_NAME}.cdx.json").write_text(bill, encoding="utf-8")
    for layer in layers:
        shutil.copyfile(layer, folder / f"{_NAME}-{layer.name}")
    (folder / _CHECKSUMS).write_text(_checksums(folder), encoding="utf-8")


def _checksums(folder: Path) -> str:
    return "".join(
        f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n"
        for file in sorted(folder.iterdir())
    )


def _git(checkout: Path, *words: str) -> bytes:
    # The user may have another umask for archives.
    command = ["git", "-C", str(checkout), "-c", "tar.umask=0002", *words]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=False)  # noqa: S603 (no shell)
    if done.returncode != 0:
        raise ReleaseError(f"`git {words[0]}` failed in {checkout}: its error is above")
    return done.stdout


if __name__ == "__main__":
    main()
