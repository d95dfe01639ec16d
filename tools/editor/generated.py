"""protoc's code, put where an editor looks for it: beside its contract."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from tools.lint.dependencies import targets_in

_PATTERN = "*_pb2*.py*"


def generated_files(manifest: Path) -> list[Path]:
    """The generated files imported by their path in the workspace.

    Args:
        manifest: what //tools/lint:targets.manifest says.
    """
    targets = targets_in(manifest.read_text(encoding="utf-8")).values()
    files = (Path(file) for target in targets if not target.roots for file in target.files)
    return sorted({file for file in files if file.match(_PATTERN)})


def copy_generated(files: list[Path], source: Path, workspace: Path) -> Iterator[Path]:
    """Copies files from a folder into the workspace, and names each copy.

    Copies of an earlier run go, where the contract is gone.
    """
    for copy in _copies(workspace, {file.parts[0] for file in files}):
        if copy.relative_to(workspace) not in files:
            copy.unlink()
    for file in files:
        (workspace / file).unlink(missing_ok=True)
        shutil.copyfile(source / file, workspace / file)
        yield file


def _copies(workspace: Path, folders: set[str]) -> list[Path]:
    return [copy for folder in folders for copy in (workspace / folder).rglob(_PATTERN)]
