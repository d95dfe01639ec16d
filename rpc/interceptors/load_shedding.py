"""Load shedding: past a number of calls at once, further ones are refused at once."""

from rpc.core.call import Call
from rpc.core.errors import RpcStatusError
from rpc.interceptors.interceptor import ServerInterceptor

import grpc


class LoadShedding(ServerInterceptor):
    """Lets a call through while there is a slot. Else the call ends with RESOURCE_EXHAUSTED.

    Refusing at once keeps the calls that are let through fast, and tells the caller to back off
    while it still has time to do so. A call holds its slot until its answer has left.
    """

    def __init__(self, slots: int) -> None:
        """Makes a number of slots, for all methods together."""
        self._slots = slots
        self._free = slots

    def started(self, call: Call) -> None:
        """Takes a slot.

        Raises:
            RpcStatusError: RESOURCE_EXHAUSTED, there is none.
        """
        if self._free <= 0:
            raise RpcStatusError(
                grpc.StatusCode.RESOURCE_EXHAUSTED,
                f"the server answers {self._slots} calls at once, its limit; try again later",
            )
        self._free -= 1

    def closed(self, call: Call) -> None:
        """Gives the slot back."""
        self._free += 1
