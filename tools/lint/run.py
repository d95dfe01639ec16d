"""Runs commands, divided by `;`, in the workspace until one of them fails.

A word `{python}` stands for all files of this kind.
A failed gate says what to do about it: ADVICE in its environment.
"""

import itertools
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from tools.lint.workspace import files_in, find_workspace


def _commands(words: Iterable[str]) -> list[list[str]]:
    groups = itertools.groupby(words, key=lambda word: word == ";")
    return [list(command) for is_divider, command in groups if not is_divider]


def _expanded(words: Iterable[str], workspace: Path) -> Iterator[str]:
    for word in words:
        if word.startswith("{"):
            yield from _files(word.strip("{}"), workspace)
        elif word.startswith("external/"):
            yield str(Path(word).absolute())
        else:
            yield word


def _files(kind: str, workspace: Path) -> list[str]:
    # Without a file, most programs would look at something else.
    files = [str(file) for file in files_in(workspace, kind)]
    if not files:
        raise LookupError(f"{workspace} has no {kind} file: remove this gate")
    return files


def main() -> int:
    """Exit code of the failed command, 0 if none failed."""
    workspace = find_workspace()
    # A test has no home for what a program keeps, and may not write into the workspace.
    environment = {"HOME": os.environ.get("TEST_TMPDIR", ""), **os.environ}
    for words in _commands(sys.argv[1:]):
        command = list(_expanded(words, workspace))
        ended = subprocess.run(command, cwd=workspace, env=environment, check=False)  # noqa: S603
        if ended.returncode != 0:
            print(os.environ.get("ADVICE", ""), file=sys.stderr)
            return ended.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())
