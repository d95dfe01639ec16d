"""Deadlines in slots of 8 ms: one timer for all calls, where `call_later` is one for each.

Most calls end long before their deadline. An entry costs one dictionary insertion, and one
removal. A deadline fires up to one slot late, never early.
"""

from __future__ import annotations

import logging
from heapq import heappop, heappush
from time import perf_counter
from typing import TYPE_CHECKING, Protocol
from weakref import WeakValueDictionary

if TYPE_CHECKING:
    import asyncio

SLOTS_A_SECOND = 128
# Loops refuse timers of thousands of years. A timer that fires too soon is armed again.
LONGEST = 365 * 86400.0
_NEVER = 1 << 62
_LEAST_SWEPT = 1024

_logger = logging.getLogger(__name__)


class Expiring(Protocol):
    """What has a deadline. It is compared by identity, so it must be hashable."""

    def expire(self) -> None:
        """The deadline is over."""


Slot = dict[Expiring, None]


class Deadlines:
    """Expires entries. `slot.pop(entry, None)` on what `add` returned takes an entry back."""

    __slots__ = ("__weakref__", "_keys", "_loop", "_next", "_slots", "_sweep_at", "_timer")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._slots: dict[int, Slot] = {}
        self._keys: list[int] = []
        """The slots' keys, as a heap."""
        self._sweep_at = _LEAST_SWEPT
        self._timer: asyncio.TimerHandle | None = None
        self._next = 0

    def __len__(self) -> int:
        """How many slots are kept."""
        return len(self._slots)

    def add(self, seconds: float, entry: Expiring) -> Slot:
        """Expire an entry in so many seconds from now. One in the past expires in the next slot."""
        return self.add_at(perf_counter() + seconds, entry)

    def add_at(self, moment: float, entry: Expiring) -> Slot:
        """Expire an entry at a moment of `time.perf_counter`."""
        try:
            key = int(moment * SLOTS_A_SECOND) + 1
        except OverflowError:
            key = _NEVER
        slot = self._slots.get(key)
        if slot is None:
            slot = self._add_slot(key)
        slot[entry] = None
        return slot

    def _add_slot(self, key: int) -> Slot:
        if len(self._slots) >= self._sweep_at:
            self._sweep()
        slot = self._slots[key] = {}
        heappush(self._keys, key)
        if self._timer is None or key < self._next:
            self._arm(key)
        return slot

    def _sweep(self) -> None:
        """Forget empty slots. Peers choose deadlines, and so how many there are and until when."""
        self._slots = {key: slot for key, slot in self._slots.items() if slot}
        self._keys = sorted(self._slots)
        self._sweep_at = max(_LEAST_SWEPT, 2 * len(self._slots))

    def _arm(self, key: int) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._next = key
        delay = key / SLOTS_A_SECOND - perf_counter()
        self._timer = self._loop.call_later(min(max(0.0, delay), LONGEST), self._fire)

    def _fire(self) -> None:
        self._timer = None
        now = perf_counter() * SLOTS_A_SECOND
        due = []
        while self._keys and self._keys[0] <= now:
            due.append(self._slots.pop(heappop(self._keys)))
        for slot in due:
            for entry in list(slot):
                _expire(entry)
        self._arm_the_next()

    def _arm_the_next(self) -> None:
        while self._keys and not self._slots[self._keys[0]]:
            del self._slots[heappop(self._keys)]
        # An expired entry may have armed an earlier one.
        if self._keys and (self._timer is None or self._keys[0] < self._next):
            self._arm(self._keys[0])


def _expire(entry: Expiring) -> None:
    # One entry that fails must not keep the others from their deadlines.
    try:
        entry.expire()
    except Exception:
        _logger.exception("expiry_failed")


# Each has its loop, so a dictionary that keeps them would keep all loops of a process.
_deadlines: WeakValueDictionary[asyncio.AbstractEventLoop, Deadlines] = WeakValueDictionary()


def deadlines_of(loop: asyncio.AbstractEventLoop) -> Deadlines:
    """The one set of deadlines of a loop."""
    deadlines = _deadlines.get(loop)
    if deadlines is None:
        deadlines = _deadlines[loop] = Deadlines(loop)
    return deadlines
