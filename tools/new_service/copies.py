"""A copy of this workspace's services, and the program for new ones."""

import os
import shutil
import subprocess
from pathlib import Path

from testing.runfiles import runfile

_FOLDERS = ("deploy", "proto", "rpc", "services", "testing", "wire")
_FILES = ("pyproject.toml", "requirements.txt")


def copy_workspace(folder: Path) -> Path:
    """Copies the workspace as it is in the test's runfiles."""
    workspace = folder / "workspace"
    workspace.mkdir()
    for name in _FOLDERS:
        shutil.copytree(runfile(name), workspace / name)
    for name in _FILES:
        shutil.copy(runfile(name), workspace)
    return workspace


def new_service(workspace: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Runs the program as `bazel run` does, in a workspace."""
    return subprocess.run(  # noqa: S603 (no shell, the words are our tests')
        [runfile("tools/new_service/new_service"), *arguments],
        env=os.environ | {"BUILD_WORKSPACE_DIRECTORY": str(workspace)},
        capture_output=True,
        text=True,
        check=False,
    )


def texts(workspace: Path) -> dict[str, bytes]:
    """The contents of each file, without Python's caches."""
    return {
        str(file.relative_to(workspace)): file.read_bytes()
        for file in workspace.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
