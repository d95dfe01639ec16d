"""Load shedding: past a number of calls at once, further ones are refused at once."""

from collections.abc import Callable
from typing import Any

from rpc.core.call import Call
from rpc.core.errors import RpcStatusError, overloaded
from rpc.interceptors.fair_share import Caller, FairShare, caller_of
from rpc.interceptors.interceptor import ServerInterceptor


class LoadShedding(ServerInterceptor):
    """Lets a call through while there is a slot for its caller. Else it is RESOURCE_EXHAUSTED.

    Refusing at once keeps the other calls fast, and makes the caller back off while it still has
    time to do so. A call takes its slot with its first request, so silent calls hold none. It holds
    the slot until its response has left.

    The last slots are for callers with less than their share. So a caller with many calls leaves
    some to the others.

    Attributes:
        slots: how many there are.
        shed: calls refused so far, before or after they were begun.
        refusal: the status for a call without a slot.
    """

    def __init__(
        self, slots: int, report: Callable[[int, str], object] = lambda _, __: None
    ) -> None:
        """Makes a number of slots, for all methods together.

        Args:
            slots: how many.
            report: called for refused calls unseen by any interceptor: how many, and why.
        """
        self._report = report
        self.slots = slots
        self.shed = 0
        self.refusal = overloaded(
            f"the server handles {slots} calls at once, its limit; try again later"
        )
        self._for_all = slots - reserve(slots)
        self._holders: set[Call] = set()
        self._shares = FairShare(self._holders, slots)

    @property
    def taken(self) -> int:
        """How many slots calls hold."""
        return len(self._holders)

    def room(self) -> int:
        """How many calls find a slot, whoever makes them."""
        return self._for_all - len(self._holders)

    def room_for(self, caller: Caller) -> int:
        """How many calls of one caller find a slot."""
        room = self.room()
        if room > 0:
            return room
        return min(self.slots - len(self._holders), self._shares.left_to(caller))

    def refused_without_room(self, caller: Caller, calls: int) -> None:
        """Notes calls refused before they were begun."""
        self.shed += calls
        self._report(calls, "no slot of --max-concurrent-rpcs was free for them")

    def refused_as_late(self, caller: Caller, calls: int) -> None:
        """Notes calls refused for too long a wait."""
        self.shed += calls
        self._report(calls, "they waited longer than --max-wait to be begun")

    def received(self, call: Call, request: Any) -> None:
        """Takes a slot.

        Raises:
            RpcStatusError: RESOURCE_EXHAUSTED, there is none.
        """
        if call.requests > 1:
            return
        if len(self._holders) >= self._for_all:
            self._require_room(call)
        self._holders.add(call)

    def closed(self, call: Call) -> None:
        """Gives the slot back."""
        self._holders.discard(call)

    def _require_room(self, call: Call) -> None:
        if self.room_for(caller_of(call)) <= 0:
            self.shed += 1
            refusal = self.refusal
            raise RpcStatusError(refusal.code, refusal.message, refusal.trailers)


def reserve(slots: int) -> int:
    """How many of the slots are for callers with less than their share: an eighth."""
    return max(slots // 8, int(slots > 1))
