"""Where the log goes: stderr, each event a line, written before what it tells of goes on."""

import contextlib
import sys
from collections.abc import Callable
from typing import Any


class LogSink:
    """stderr as a log needs it: a full disk or a closed pipe loses lines, never calls.

    It is what structlog calls a logger: its methods take events by their level.
    """

    def __init__(self, render: Callable[[str, dict[str, Any]], bytes]) -> None:
        """Makes a sink.

        Args:
            render: makes the line of a level and an event.
        """
        self._render = render

    def write(self, level: str, event: dict[str, Any]) -> None:
        """Writes an event; in one piece, so that lines of several threads do not mix."""
        line = self._render(level, event) + b"\n"
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.buffer.write(line)
            sys.stderr.buffer.flush()

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
