"""Bazel on a workspace, with an output base of its own, timed."""

import json
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_LAST_LINES = 20


class BazelError(Exception):
    """A command of Bazel failed; the text is the command and the end of what it wrote."""


@dataclass(frozen=True, slots=True)
class Step:
    """What a command cost.

    Attributes:
        seconds: on the clock, from its start to its end.
        processes: how many actions it started as processes, none of them taken from a cache.
    """

    seconds: float
    processes: int


@dataclass(frozen=True, slots=True)
class Bazel:
    """Bazel as bazelw starts it. A command that fails raises BazelError.

    Attributes:
        workspace: where.
        output_base: for all it writes; its server is this folder's.
        jobs: how many actions run at once; None leaves it to Bazel.
    """

    workspace: Path
    output_base: Path
    jobs: int | None = None

    def load(self) -> Step:
        """Reads all packages."""
        return Step(self._run("query", [], "//..."), 0)

    def analyse(self) -> Step:
        """Finds out which actions all targets need; fetches what is not there yet."""
        return Step(self._run("build", ["--nobuild"], "//..."), 0)

    def build(self) -> Step:
        """Builds all targets."""
        events = self.output_base.with_suffix(".json")
        jobs = [] if self.jobs is None else [f"--jobs={self.jobs}"]
        seconds = self._run("build", [f"--build_event_json_file={events}", *jobs], "//...")
        return Step(seconds, _processes(events))

    def forget(self) -> None:
        """Removes what was built, keeps what was fetched, and starts a new server."""
        self._run("clean")
        self._run("shutdown")
        self._run("info")

    def remove(self) -> None:
        """Ends the server and removes the output base."""
        self._run("clean", ["--expunge"])

    def _run(self, command: str, flags: Sequence[str] = (), *arguments: str) -> float:
        words = ["./bazelw", f"--output_base={self.output_base}", command, *flags, *arguments]
        start = time.monotonic()
        result = subprocess.run(  # noqa: S603 (no shell; the words are our own)
            words,
            cwd=self.workspace,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
        seconds = time.monotonic() - start
        if result.returncode != 0:
            end = "\n".join(result.stderr.splitlines()[-_LAST_LINES:])
            raise BazelError(f"{' '.join(words)}: exit code {result.returncode}\n{end}")
        return seconds


@contextmanager
def bazel_on(workspace: Path, output_base: Path, jobs: int | None) -> Iterator[Bazel]:
    """Bazel on a workspace; leaving the context removes all that it has written."""
    bazel = Bazel(workspace, output_base, jobs)
    try:
        yield bazel
    finally:
        bazel.remove()


def _processes(events: Path) -> int:
    """What the last build says of itself in its event file (build_event_stream.proto)."""
    metrics = next(
        event["buildMetrics"]
        for event in map(json.loads, events.read_text().splitlines())
        if "buildMetrics" in event
    )
    runners = metrics["actionSummary"].get("runnerCount", [])
    return sum(one["count"] for one in runners if one.get("execKind") == "Local")
