"""Limits the log's lines about events whose number others choose."""

import threading
import time

LOG_SECONDS = 10.0
"""Time between two lines about the same thing."""


class LogPace:
    """Decides when the next line about one thing is due. For any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._due = float("-inf")
        self._untold = 0

    def count(self, times: int = 1) -> int:
        """Counts an event, or some.

        Returns:
            How many events a line has to count now, these included. 0 where none is due.
        """
        with self._lock:
            self._untold += times
            now = time.monotonic()
            if now < self._due:
                return 0
            self._due = now + LOG_SECONDS
            told, self._untold = self._untold, 0
            return told
