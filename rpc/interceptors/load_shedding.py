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
    """

    def __init__(self, slots: int) -> None:
        """Makes a number of slots, for all methods together."""
        self._slots = slots
        self._holders: set[Call] = set()

    def received(self, call: Call, request: Any) -> None:
        """Takes a slot.

        Raises:
            RpcStatusError: RESOURCE_EXHAUSTED, there is none.
        """
        if call.requests > 1:
            return
        if len(self._holders) >= self._slots:
            raise RpcStatusError(
                grpc.StatusCode.RESOURCE_EXHAUSTED,
                f"the server answers {self._slots} calls at once, its limit; try again later",
            )
        self._holders.add(call)

    def closed(self, call: Call) -> None:
        """Gives the slot back."""
        self._holders.discard(call)
