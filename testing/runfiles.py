"""Where the files and programs that a target has in its `data` are."""

import sys
from pathlib import Path

# This package lies where the others do: in a target's runfiles, or in the checkout.
_ROOT = Path(__file__).parent.parent


def runfile(name: str) -> Path:
    """Path of a file or folder, given by its path in the workspace."""
    return _ROOT / name


def program(name: str) -> Path:
    """Path of a py_binary, as in `bench/chain`.

    `services/orc1` is the program that bears its package's name, as in Bazel's labels.
    """
    path = runfile(name)
    return path / path.name if path.is_dir() else path


def command_line(name: str) -> list[str]:
    """What starts a program. Outside of Bazel that is its source, run by this interpreter."""
    path = program(name)
    if path.exists():
        return [str(path)]
    source = path.with_suffix(".py")
    return [sys.executable, str(source if source.exists() else path.with_name("main.py"))]
