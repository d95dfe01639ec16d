"""The workspace's files by kind: all but those in .gitignore."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from pathspec import GitIgnoreSpec

# A test has the first among its runfiles, and the second only in the real workspace.
_LINKED = "MODULE.bazel"
_BESIDE = "bazelw"

_KIND_OF_SUFFIX = {
    ".BUILD": "starlark",
    ".bzl": "starlark",
    ".proto": "proto",
    ".py": "python",
    ".pyi": "python",
    ".sh": "shell",
}
_STARLARK = {"BUILD", "BUILD.bazel", "MODULE.bazel", "REPO.bazel", "WORKSPACE"}
_INTERPRETER = re.compile(rb"#!.*\b(?:(?P<python>python3?)|(?P<shell>sh|bash|dash))\b")


def find_workspace() -> Path:
    """The workspace of `bazel run`, or of the files of `bazel test`.

    Raises:
        LookupError: a test runs away from the workspace, as on another machine.
    """
    started_in = os.environ.get("BUILD_WORKSPACE_DIRECTORY")
    if started_in:
        return Path(started_in)
    workspace = Path(_LINKED).resolve().parent
    if not (workspace / _BESIDE).is_file():
        raise LookupError(f"{workspace} is not the workspace: run this test on the machine with it")
    return workspace


def files_in(workspace: Path, *kinds: str) -> list[Path]:
    """Paths of its files of some kinds, relative to it.

    Args:
        workspace: its folder.
        kinds: of `other`, `proto`, `python`, `shell` and `starlark`. A script without a suffix is
            known by its first line.
    """
    ignored = GitIgnoreSpec.from_lines((workspace / ".gitignore").read_text("utf-8").splitlines())
    found = (path for path in _walk(workspace, ignored) if _kind(workspace / path) in kinds)
    return sorted(found)


def _walk(workspace: Path, ignored: GitIgnoreSpec) -> Iterator[Path]:
    for folder, folders, names in os.walk(workspace):
        place = Path(folder).relative_to(workspace)
        folders[:] = [
            name
            for name in folders
            if name != ".git" and not ignored.match_file(f"{place / name}/")
        ]
        for path in (place / name for name in names):
            # A worktree has a file of this name.
            is_git = path.name == ".git"
            if not is_git and not ignored.match_file(path) and (workspace / path).is_file():
                yield path


def _kind(file: Path) -> str:
    if file.name in _STARLARK:
        return "starlark"
    return _KIND_OF_SUFFIX.get(file.suffix) or _kind_of_script(file)


def _kind_of_script(file: Path) -> str:
    with file.open("rb") as opened:
        interpreter = _INTERPRETER.match(opened.readline(200))
    return (interpreter and interpreter.lastgroup) or "other"
