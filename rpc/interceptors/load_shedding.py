"""Load shedding: past a number of calls at once, further ones are refused at once."""

from rpc.core.call import Call, Handler
from rpc.core.errors import RpcStatusError

import grpc


def shed(handler: Handler, slots: "Slots") -> Handler:
    """Lets a call through while there is a slot; else RESOURCE_EXHAUSTED.

    Refusing at once keeps the calls that are let through fast, and tells the caller to back off
    while it still has time to do so.
    """

    async def shedding(call: Call) -> bytes:
        if slots.free <= 0:
            raise RpcStatusError(
                grpc.StatusCode.RESOURCE_EXHAUSTED,
                f"the server answers {slots.total} calls at once, its limit; try again later",
            )
        slots.free -= 1
        try:
            return await handler(call)
        finally:
            slots.free += 1

    return shedding


class Slots:
    """How many calls a server may answer at once, over all its methods."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.free = total
