"""Where the log goes: stderr, each event a line, written before its caller continues."""

import select
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, ClassVar

# A pipe that poll(2) calls writable takes so much without a wait, and in one piece.
_PIECE = select.PIPE_BUF
_PATIENCE_MILLISECONDS = 100


class LogSink:
    """stderr as a log needs it: a full disk, or a closed or unread pipe, loses lines.

    Neither calls nor the exit are held up. Once there is room again the log has the number of lines
    are missing.

    It is a logger for structlog: its methods take events by their level.

    Attributes:
        lost_lines: how many of this process are lost so far.
    """

    lost_lines: ClassVar[int] = 0
    # There is one stderr, whatever number of sinks. The garbage collector may run a finalizer that
    # logs in the middle of a write: its thread has the lock already.
    _lock: ClassVar[threading.RLock] = threading.RLock()
    _is_writing: ClassVar[bool] = False
    _of_finalizers: ClassVar[list[Callable[[], None]]] = []

    def __init__(self, render: Callable[[str, dict[str, Any]], bytes]) -> None:
        """Makes a sink.

        Args:
            render: makes the line of a level and an event.
        """
        self._render = render
        self._lost = 0
        self._waiting: list[bytes] = []
        self._post: Callable[[], object] | None = None

    def write_together(self, post: Callable[[], object]) -> None:
        """From now on keeps lines until `flush`, so the lines of one turn are one write.

        Args:
            post: is called for the first kept line. It has `flush` called soon.
        """
        self._post = post

    def write(self, level: str, event: dict[str, Any]) -> None:
        """Writes an event."""
        self.write_line(self._render(level, event))

    def write_line(self, line: bytes) -> None:
        """Writes a rendered line, given without its end."""
        if self._post is None:
            self._write([line])
            return
        self._waiting.append(line)
        if len(self._waiting) == 1:
            self._post()

    def flush(self) -> None:
        """Writes the kept lines."""
        if self._waiting:
            lines, self._waiting = self._waiting, []
            self._write(lines)

    def _write(self, lines: Sequence[bytes]) -> None:
        with self._lock:
            if LogSink._is_writing:
                self._of_finalizers.append(partial(self._put_all, lines))
                return
            LogSink._is_writing = True
            try:
                self._put_all(lines)
                while self._of_finalizers:
                    self._of_finalizers.pop(0)()
            finally:
                LogSink._is_writing = False

    def _put_all(self, lines: Sequence[bytes]) -> None:
        for piece, count in _pieces(lines):
            self._put(self._loss() + piece if self._lost else piece, count)

    def _put(self, piece: bytes, count: int) -> None:
        # Only the first line that finds no room waits for some.
        try:
            for start in range(0, len(piece), _PIECE):
                if not _has_room(0 if self._lost else _PATIENCE_MILLISECONDS):
                    self._lose(count)
                    return
                sys.stderr.buffer.write(piece[start : start + _PIECE])
                sys.stderr.buffer.flush()
        except (OSError, ValueError):
            self._lose(count)
        else:
            self._lost = 0

    def _lose(self, count: int) -> None:
        self._lost += count
        LogSink.lost_lines += count

    def _loss(self) -> bytes:
        event = {
            "timestamp": time.time(),
            "event": "lines lost, as they could not be written",
            "lines": self._lost,
        }
        # What is lost may be the rest of a line.
        return b"\n" + self._render("warning", event) + b"\n"

    def debug(self, **event: Any) -> None:
        """Writes an event of this level."""
        self.write("debug", event)

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


def _pieces(lines: Sequence[bytes]) -> Iterator[tuple[bytes, int]]:
    """Lines, put together as far as they can be written in one piece, and how many they are."""
    together: list[bytes] = []
    size = 0
    for line in lines:
        if together and size + len(line) >= _PIECE:
            yield b"\n".join(together) + b"\n", len(together)
            together, size = [], 0
        together.append(line)
        size += len(line) + 1
    if together:
        yield b"\n".join(together) + b"\n", len(together)


def _has_room(milliseconds: int) -> bool:
    """Whether stderr takes a piece of a line without a wait, now or after so long."""
    try:
        descriptor = sys.stderr.fileno()
    except (AttributeError, OSError, ValueError):
        return True  # no file of the system's, as in a test
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    return bool(poll.poll(milliseconds))
