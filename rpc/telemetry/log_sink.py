"""Where the log goes: stderr, each event a line, written before what it tells of goes on."""

import contextlib
import select
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

# A pipe that poll(2) calls writable takes so much without a wait.
_PIECE = select.PIPE_BUF
_PATIENCE_MILLISECONDS = 100


class LogSink:
    """stderr as a log needs it: a full disk, a closed pipe or one that is not read loses lines.

    Calls are not held up by that, nor is the exit. Once there is a reader again it is told how
    many lines it has missed.

    It is what structlog calls a logger: its methods take events by their level.
    """

    def __init__(self, render: Callable[[str, dict[str, Any]], bytes]) -> None:
        """Makes a sink.

        Args:
            render: makes the line of a level and an event.
        """
        self._render = render
        self._lost = 0
        self._lock = threading.Lock()

    def write(self, level: str, event: dict[str, Any]) -> None:
        """Writes an event; in one piece, so that lines of several threads do not mix."""
        line = self._render(level, event) + b"\n"
        with self._lock, contextlib.suppress(OSError, ValueError):
            self._put(self._loss() + line if self._lost else line)

    def _put(self, line: bytes) -> None:
        for start in range(0, len(line), _PIECE):
            # Only the first line that finds no room waits for some.
            if not _has_room(0 if self._lost else _PATIENCE_MILLISECONDS):
                self._lost += 1
                return
            sys.stderr.buffer.write(line[start : start + _PIECE])
            sys.stderr.buffer.flush()
        self._lost = 0

    def _loss(self) -> bytes:
        event = {
            "timestamp": time.time(),
            "event": "lines lost, as nobody read",
            "lines": self._lost,
        }
        # What is lost may be the rest of a line.
        return b"\n" + self._render("warning", event) + b"\n"

    def info(self, **event: Any) -> None:
        """Writes an event of this level."""
        self.write("info", event)

    def warning(self, **event: Any) -> None:
        """Writes an event of this level."""
        self.write("warning", event)

    def error(self, **event: Any) -> None:
        """Writes an event of this level."""
        self.write("error", event)

    def critical(self, **event: Any) -> None:
        """Writes an event of this level."""
        self.write("critical", event)


def _has_room(milliseconds: int) -> bool:
    """Whether stderr takes a piece of a line without a wait, now or after so long."""
    try:
        descriptor = sys.stderr.fileno()
    except (AttributeError, OSError, ValueError):
        return True  # no file of the system's, as in a test
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    return bool(poll.poll(milliseconds))
