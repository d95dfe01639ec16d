"""A copy of this checkout, to build in."""

import shutil
import subprocess
from pathlib import Path


def copy_checkout(checkout: Path, folder: Path) -> None:
    """Copies what is in a checkout, without what git ignores.

    Raises:
        subprocess.CalledProcessError: the folder is no git checkout.
    """
    for name in _files(checkout):
        source, copy = checkout / name, folder / name
        if source.is_file():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, copy)


def _files(checkout: Path) -> list[str]:
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(  # noqa: S603 (no shell, the words are fixed)
        command, cwd=checkout, stdout=subprocess.PIPE, text=True, check=True
    )
    return [name for name in listed.stdout.split("\0") if name]
