"""Runs commands, divided by `;`, until one of them fails. `bazel run` runs them in the workspace.

An argument `@FILE` stands for the lines of the file.
A failed gate says what to do about it: ADVICE in its environment.
"""

import itertools
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path


def _expanded(words: Iterable[str]) -> Iterator[str]:
    for word in words:
        if word.startswith("@"):
            yield from Path(word[1:]).read_text(encoding="utf-8").splitlines()
        else:
            yield word


def _commands(words: Iterable[str]) -> list[list[str]]:
    groups = itertools.groupby(words, key=lambda word: word == ";")
    return [list(command) for is_divider, command in groups if not is_divider]


def _seen_from(workspace: Path, word: str) -> str:
    """The word, or the place of another repository's file if it names one."""
    if not word.startswith("external/"):
        return word
    # Of a repository that is a folder of the workspace, the link leads there.
    behind = Path(word).resolve()
    return str(behind if behind.is_relative_to(workspace) else Path(word).absolute())


def main() -> int:
    """Exit code of the failed command, 0 if none failed."""
    workspace = Path(os.environ.get("BUILD_WORKSPACE_DIRECTORY", "."))
    for words in _commands(_expanded(sys.argv[1:])):
        command = [_seen_from(workspace, word) for word in words]
        code = subprocess.run(command, cwd=workspace, check=False).returncode  # noqa: S603
        if code != 0:
            print(os.environ.get("ADVICE", ""), file=sys.stderr)
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main())
