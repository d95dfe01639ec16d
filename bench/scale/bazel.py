"""What Bazel's commands cost."""

import json
import time
from dataclasses import dataclass
from pathlib import Path

from tools.own_bazel.bazel import OwnBazel


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
    """Bazel, timed. A failing command raises BazelError.

    Attributes:
        own: what runs the commands.
        jobs: how many actions run at once. None leaves it to Bazel.
    """

    own: OwnBazel
    jobs: int | None = None

    def load(self) -> Step:
        """Reads all packages."""
        return Step(self._timed("query", "//..."), 0)

    def analyse(self) -> Step:
        """Finds out the actions of all targets. Fetches missing files."""
        return Step(self._timed("build", "--nobuild", "//..."), 0)

    def build(self) -> Step:
        """Builds all targets."""
        events = self.own.output_base.with_suffix(".json")
        jobs = [] if self.jobs is None else [f"--jobs={self.jobs}"]
        seconds = self._timed("build", f"--build_event_json_file={events}", *jobs, "//...")
        return Step(seconds, _processes(events))

    def forget(self) -> None:
        """Removes what was built, keeps what was fetched, and starts a new server."""
        for command in ("clean", "shutdown", "info"):
            self.own.check(command)

    def _timed(self, *words: str) -> float:
        start = time.monotonic()
        self.own.check(*words)
        return time.monotonic() - start


def _processes(events: Path) -> int:
    """What the last build says of itself in its event file (build_event_stream.proto)."""
    metrics = next(
        event["buildMetrics"]
        for event in map(json.loads, events.read_text().splitlines())
        if "buildMetrics" in event
    )
    runners = metrics["actionSummary"].get("runnerCount", [])
    return sum(one["count"] for one in runners if one.get("execKind") == "Local")
