"""Deadlines in slots of 8 ms: one timer for all calls, where `call_later` is one for each.

Most calls end long before their deadline. An entry costs one dictionary insertion, and one
removal. A deadline fires up to one slot late, never early.
"""

from __future__ import annotations

import logging
from time import perf_counter
from typing import TYPE_CHECKING, Protocol
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    import asyncio

SLOTS_A_SECOND = 128
# Loops refuse timers of thousands of years. A timer that fires too soon is armed again.
LONGEST = 365 * 86400.0

_logger = logging.getLogger(__name__)


class Expiring(Protocol):
    """What has a deadline. It is compared by identity, so it must be hashable."""

    def expire(self) -> None:
        """The deadline is over."""


Slot = dict[Expiring, None]


class Deadlines:
    """Expires entries. `slot.pop(entry, None)` on what `add` returned takes an entry back."""

    __slots__ = ("_loop", "_next", "_slots", "_timer")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._slots: dict[int, Slot] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._next = 0

    def add(self, seconds: float, entry: Expiring) -> Slot:
        """Expire an entry in so many seconds from now. One in the past expires in the next slot."""
        return self.add_at(perf_counter() + seconds, entry)

    def add_at(self, moment: float, entry: Expiring) -> Slot:
        """Expire an entry at a moment of `time.perf_counter`."""
        key = int(moment * SLOTS_A_SECOND) + 1
        slot = self._slots.get(key)
        if slot is None:
            slot = self._slots[key] = {}
            if self._timer is None or key < self._next:
                self._arm(key)
        slot[entry] = None
        return slot

    def _arm(self, key: int) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._next = key
        delay = key / SLOTS_A_SECOND - perf_counter()
        self._timer = self._loop.call_later(min(max(0.0, delay), LONGEST), self._fire)

    def _fire(self) -> None:
        self._timer = None
        now = perf_counter() * SLOTS_A_SECOND
        for key in sorted(self._slots):
            if key > now:
                break
            for entry in list(self._slots.pop(key)):
                _expire(entry)
        self._arm_the_next()

    def _arm_the_next(self) -> None:
        for key in sorted(self._slots):
            if self._slots[key]:
                # An expired entry may have armed an earlier one.
                if self._timer is None or key < self._next:
                    self._arm(key)
                return
            del self._slots[key]


def _expire(entry: Expiring) -> None:
    # One entry that fails must not keep the others from their deadlines.
    try:
        entry.expire()
    except Exception:
        _logger.exception("expiry_failed")


_deadlines: WeakKeyDictionary[asyncio.AbstractEventLoop, Deadlines] = WeakKeyDictionary()


def deadlines_of(loop: asyncio.AbstractEventLoop) -> Deadlines:
    """The one set of deadlines of a loop."""
    deadlines = _deadlines.get(loop)
    if deadlines is None:
        deadlines = _deadlines[loop] = Deadlines(loop)
    return deadlines
