"""Load shedding: past a number of calls at once, further ones are refused at once."""

from typing import Any

from rpc.core.call import Call
from rpc.core.errors import RpcStatusError
from rpc.interceptors.interceptor import ServerInterceptor

import grpc


class LoadShedding(ServerInterceptor):
    """Lets a call through while there is a slot. Else the call ends with RESOURCE_EXHAUSTED.

    Refusing at once keeps the calls that are let through fast, and tells the caller to back off
    while it still has time to do so. A call takes its slot with its first request, so that silent
    calls hold none, and holds it until its answer has left.

    Attributes:
        slots: how many there are.
        shed: calls refused so far.
    """

    def __init__(self, slots: int) -> None:
        """Makes a number of slots, for all methods together."""
        self.slots = slots
        self.shed = 0
        self._holders: set[Call] = set()

    @property
    def taken(self) -> int:
        """How many slots calls hold."""
        return len(self._holders)

    def received(self, call: Call, request: Any) -> None:
        """Takes a slot.

        Raises:
            RpcStatusError: RESOURCE_EXHAUSTED, there is none.
        """
        if call.requests > 1:
            return
        if len(self._holders) >= self.slots:
            self.shed += 1
            raise RpcStatusError(
                grpc.StatusCode.RESOURCE_EXHAUSTED,
                f"the server answers {self.slots} calls at once, its limit; try again later",
            )
        self._holders.add(call)

    def closed(self, call: Call) -> None:
        """Gives the slot back."""
        self._holders.discard(call)
