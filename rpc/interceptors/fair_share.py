"""How much of what is short each caller may have."""

import time
from collections import Counter
from collections.abc import Collection

from rpc.core.call import Call

Caller = tuple[str, ...]
"""The names in a caller's certificate, or else its address without the port."""

MEMORY_SECONDS = 10.0
"""For so long after asking for a share a caller counts as wanting one."""

_MOST_REMEMBERED = 1000


def caller_of(call: Call) -> Caller:
    """The caller of a call."""
    return call.callers or (call.peer.rpartition(":")[0],)


class FairShare:
    """Divides slots by the callers that hold some, or wanted some a moment ago.

    It counts only when it is asked: when slots are short.
    """

    def __init__(self, holders: Collection[Call], slots: int) -> None:
        """Takes the calls holding slots, as they change, and the number of slots."""
        self._holders = holders
        self._slots = slots
        self._asked: dict[Caller, float] = {}

    def left_to(self, caller: Caller) -> int:
        """How many slots a caller may take until it has its share. 0 or less if it has it."""
        self._remember(caller)
        held = Counter(map(caller_of, self._holders))
        callers = held.keys() | self._asked.keys()
        return max(self._slots // len(callers), 1) - held[caller]

    def _remember(self, caller: Caller) -> None:
        now = time.perf_counter()
        # The oldest comes first.
        self._asked.pop(caller, None)
        self._asked[caller] = now
        for oldest, moment in list(self._asked.items()):
            if moment > now - MEMORY_SECONDS and len(self._asked) <= _MOST_REMEMBERED:
                break
            del self._asked[oldest]
