"""One write per connection and turn of the event loop.

A system call costs more than responding to a call. Whatever a connection has to send in one turn
of the loop is therefore collected, and written once, behind everything woken in this turn.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Protocol
from weakref import WeakValueDictionary

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

_logger = logging.getLogger(__name__)


class Flushable(Protocol):
    """What a flusher writes out."""

    def flush(self) -> None:
        """Write what was collected since the last time."""


class Flusher:
    """Flushes whatever was marked, once a turn."""

    __slots__ = ("__weakref__", "_before", "_call_soon", "_marked", "_posted")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._call_soon = loop.call_soon
        self._marked: list[Flushable] = []
        self._before: list[Callable[[], None]] = []
        self._posted = False

    def mark(self, flushable: Flushable) -> None:
        """Flush at the end of this turn. The caller marks itself once a turn."""
        self._marked.append(flushable)
        if not self._posted:
            self._posted = True
            self._call_soon(self._flush)

    def flush_at_once(self, flushable: Flushable) -> None:
        """Flush without waiting for the end of the turn, for what nothing else will go with."""
        for action in self._before:
            _guarded(action)
        _guarded(flushable.flush)

    def before_each_flush(self, action: Callable[[], None]) -> None:
        """Run an action ahead of the writes of a turn, such as log lines about them."""
        self._before.append(action)

    def not_before_each_flush(self, action: Callable[[], None]) -> None:
        """Take an action back."""
        self._before.remove(action)

    def _flush(self) -> None:
        self._posted = False
        for action in self._before:
            _guarded(action)
        marked = self._marked
        self._marked = []
        for flushable in marked:
            _guarded(flushable.flush)


def _guarded(action: Callable[[], None]) -> None:
    # One connection that fails must not keep the others' responses back.
    try:
        action()
    except Exception:
        _logger.exception("flush_failed")


# Each has its loop, so a dictionary that keeps them would keep all loops of a process.
_flushers: WeakValueDictionary[asyncio.AbstractEventLoop, Flusher] = WeakValueDictionary()


def flusher_of(loop: asyncio.AbstractEventLoop) -> Flusher:
    """The one flusher of a loop."""
    flusher = _flushers.get(loop)
    if flusher is None:
        flusher = _flushers[loop] = Flusher(loop)
    return flusher
