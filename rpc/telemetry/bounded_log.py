"""Warnings whose number others choose."""

import time
from collections.abc import Callable
from typing import Any

from rpc.telemetry.log_setup import get_logger

MOST_LINES = 10
WINDOW_SECONDS = 60.0


class BoundedLog:
    """Writes at most `MOST_LINES` warnings in `WINDOW_SECONDS`. The next line counts the rest."""

    def __init__(self, event: str, clock: Callable[[], float] = time.monotonic) -> None:
        """Takes what each line is about.

        Args:
            event: the lines' event.
            clock: gives seconds.
        """
        self._event = event
        self._clock = clock
        self._window_ends = clock()
        self._lines = 0
        self._unlogged = 0

    def warning(self, **fields: Any) -> None:
        """Writes a line, or counts it."""
        now = self._clock()
        if now >= self._window_ends:
            self._window_ends, self._lines = now + WINDOW_SECONDS, 0
        if self._lines >= MOST_LINES:
            self._unlogged += 1
            return
        if self._unlogged:
            fields["unlogged"], self._unlogged = self._unlogged, 0
        self._lines += 1
        get_logger().warning(self._event, **fields)
