"""protoc's code in the editor's place for it: beside its contract."""

import shutil
from collections.abc import Iterator
from pathlib import Path

_PATTERN = "*_pb2*.py*"

# Bazel's place for other repositories, pip packages among them.
_OTHERS = "external"


def copy_generated(runfiles: Path, workspace: Path) -> Iterator[Path]:
    """Copies this program's generated code into the workspace, and names each copy.

    Removes an earlier run's copies without a contract.
    """
    folders = [entry for entry in runfiles.iterdir() if entry.is_dir() and entry.name != _OTHERS]
    files = {path.relative_to(runfiles) for folder in folders for path in folder.rglob(_PATTERN)}
    for folder in {file.parts[0] for file in files}:
        for copy in list((workspace / folder).rglob(_PATTERN)):
            if copy.relative_to(workspace) not in files:
                copy.unlink()
    for file in sorted(files):
        (workspace / file).unlink(missing_ok=True)
        shutil.copyfile(runfiles / file, workspace / file)
        yield file
