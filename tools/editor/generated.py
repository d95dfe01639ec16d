"""protoc's code in the editor's place for it: beside its contract."""

import shutil
from collections.abc import Iterator
from pathlib import Path

# As in .gitignore. Others, such as user_pb2_fields.py, are written by a person.
_PATTERNS = ("*_pb2.py", "*_pb2.pyi", "*_pb2_grpc.py", "*_pb2_grpc.pyi")

# Bazel's place for other repositories, pip packages among them.
_OTHERS = "external"


def copy_generated(runfiles: Path, workspace: Path) -> Iterator[Path]:
    """Copies this program's generated code into the workspace, and names each copy.

    Removes an earlier run's copies without a contract.
    """
    folders = [entry for entry in runfiles.iterdir() if entry.is_dir() and entry.name != _OTHERS]
    files = {path.relative_to(runfiles) for folder in folders for path in _generated(folder)}
    for folder in {file.parts[0] for file in files}:
        for copy in list(_generated(workspace / folder)):
            if copy.relative_to(workspace) not in files:
                copy.unlink()
    for file in sorted(files):
        (workspace / file).unlink(missing_ok=True)
        shutil.copyfile(runfiles / file, workspace / file)
        yield file


def _generated(folder: Path) -> Iterator[Path]:
    for pattern in _PATTERNS:
        yield from folder.rglob(pattern)
