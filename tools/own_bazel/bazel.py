"""Bazel on a workspace made for it, with an output base of its own."""

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

_LAST_LINES = 20


class BazelError(Exception):
    """A command of Bazel failed. The text is the command and the end of what it wrote."""


@dataclass(frozen=True, slots=True)
class OwnBazel:
    """Bazel as the workspace's bazelw starts it.

    Attributes:
        workspace: where.
        output_base: for all it writes. Its server is this folder's.
        environment: variables to set for it.
    """

    workspace: Path
    output_base: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    def run(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """Runs a command, whatever comes of it."""
        # The user's rc file may name a cache, or flags that the workspace does not know.
        start = ["./bazelw", "--nohome_rc", f"--output_base={self.output_base}"]
        return subprocess.run(  # noqa: S603 (no shell, the words are our callers')
            [*start, *words],
            cwd=self.workspace,
            env=os.environ | dict(self.environment),
            capture_output=True,
            text=True,
            check=False,
        )

    def check(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """Runs a command. Raises BazelError if it fails."""
        result = self.run(*words)
        if result.returncode != 0:
            end = "\n".join(result.stderr.splitlines()[-_LAST_LINES:])
            raise BazelError(f"{' '.join(words)}: exit code {result.returncode}\n{end}")
        return result


@contextmanager
def own_bazel(
    workspace: Path, output_base: Path, environment: Mapping[str, str] | None = None
) -> Iterator[OwnBazel]:
    """Bazel on a workspace. Leaving the context ends its server and removes what it has written."""
    bazel = OwnBazel(workspace, output_base, environment or {})
    try:
        yield bazel
    finally:
        # Unchecked: where nothing works, what was said first is what matters.
        bazel.run("clean", "--expunge")
