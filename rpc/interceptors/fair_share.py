"""How much of what is short each caller may have."""

import time
from collections import Counter
from collections.abc import Collection

from rpc.core.call import Call

Caller = tuple[str, ...]
"""The names in a caller's certificate, or else its address without the port."""

MEMORY_SECONDS = 1.0
"""A caller that was refused counts for so long as one that wants a share."""

_MOST_REMEMBERED = 1000


def caller_of(call: Call) -> Caller:
    """Who makes a call."""
    return call.callers or (call.peer.rpartition(":")[0],)


class FairShare:
    """Divides slots by the callers that hold some, or wanted some a moment ago.

    It counts when it is asked, which is only when slots are short, and anew as soon as a slot has
    changed hands.
    """

    def __init__(self, holders: Collection[Call], slots: int) -> None:
        """Takes the calls that hold slots, as they change, and how many slots there are."""
        self._holders = holders
        self._slots = slots
        self._wanted: dict[Caller, float] = {}

    def wanted_by(self, caller: Caller) -> None:
        """Notes that a caller was refused."""
        # The oldest comes first.
        self._wanted.pop(caller, None)
        if len(self._wanted) >= _MOST_REMEMBERED:
            self._wanted.pop(next(iter(self._wanted)))
        self._wanted[caller] = time.perf_counter()

    def left_to(self, caller: Caller) -> int:
        """How many slots a caller may take until it has its share. 0 or less if it has it."""
        self._forget()
        held = Counter(map(caller_of, self._holders))
        callers = held.keys() | self._wanted.keys() | {caller}
        return max(self._slots // len(callers), 1) - held[caller]

    def _forget(self) -> None:
        before = time.perf_counter() - MEMORY_SECONDS
        while self._wanted:
            caller, moment = next(iter(self._wanted.items()))
            if moment > before:
                return
            del self._wanted[caller]
