"""How late the event loop is: while a servicer blocks it, nobody gets a response."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter

from rpc.telemetry.log_pace import LogPace
from rpc.telemetry.log_setup import get_logger

BLOCKED_SECONDS = 0.5
"""A lag that is worth a warning."""
LOOK_SECONDS = 0.25
"""Time between two checks of the clock. A shorter block may fall between them."""

Record = Callable[[float], None]
"""Called at each check, with the seconds it came late."""


@contextmanager
def watched_loop(record: Record | None) -> Iterator[None]:
    """Warns in the log while the context is open, and records each lag where that is wanted."""
    warning = LagWarning(log_blocked)
    watch = LoopWatch([warning.look] if record is None else [warning.look, record])
    try:
        yield
    finally:
        watch.close()


def log_blocked(seconds: float) -> None:
    """Writes the warning: the loop was blocked for so long."""
    get_logger().warning(
        "event loop blocked",
        seconds=round(seconds, 3),
        why="a servicer or an interceptor blocks; a method without async runs on a thread",
    )


class LoopWatch:
    """Checks the clock a few times a second, and records how late each check comes."""

    def __init__(self, records: list[Record], *, every: float = LOOK_SECONDS) -> None:
        """Begins to check, on the running event loop.

        Args:
            records: called at each check.
            every: seconds between two checks.
        """
        self._loop = asyncio.get_running_loop()
        self._records = records
        self._every = every
        self._look_again()

    def close(self) -> None:
        """Looks no more."""
        self._timer.cancel()

    def _look_again(self) -> None:
        self._due = perf_counter() + self._every
        self._timer = self._loop.call_later(self._every, self._look)

    def _look(self) -> None:
        late = max(perf_counter() - self._due, 0.0)
        self._look_again()
        for record in self._records:
            record(late)


class LagWarning:
    """Warns of a lag that is long, and not too often."""

    def __init__(self, warn: Record) -> None:
        """Takes the function to call with such a lag."""
        self._warn = warn
        self._pace = LogPace()

    def look(self, late: float) -> None:
        """Warns if this lag is worth it."""
        if late >= BLOCKED_SECONDS and self._pace.count():
            self._warn(late)
