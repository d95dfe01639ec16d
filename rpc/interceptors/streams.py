"""The two streams of a call, counted, and passed to the interceptors that inspect them."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, nullcontext
from typing import Any, Protocol

from rpc.core.call import Call, ServicerContext

Read = Callable[[], Awaitable[Any]]


class Reader(Protocol):
    """Reads requests, and shows them to the interceptors."""

    async def __call__(self, call: Call, read: Read) -> Any:
        """Reads a request.

        Raises:
            RpcStatusError: it cannot be read, or an interceptor refuses it. The call ends so,
                whatever the servicer makes of it.
        """


class Requests:
    """The stream of a call's requests, as a servicer iterates over it."""

    __slots__ = ("_call", "_next", "_reader")

    def __init__(self, call: Call, requests: AsyncIterator[Any], reader: Reader) -> None:
        self._call = call
        self._next = requests.__anext__
        self._reader = reader

    def __aiter__(self) -> "Requests":
        """It is its own iterator."""
        return self

    async def __anext__(self) -> Any:
        """The next request."""
        return await self._reader(self._call, self._next)


class StreamContext:
    """Stands in for the transport's context where a call has streams."""

    __slots__ = ("_call", "_context", "_reader")

    def __init__(self, call: Call, context: ServicerContext, reader: Reader) -> None:
        self._call = call
        self._context = context
        self._reader = reader

    def __getattr__(self, name: str) -> Any:
        """All else is the context's own."""
        return getattr(self._context, name)

    async def read(self) -> Any:
        """Reads a request. Gives grpc.aio.EOF behind the last."""
        return await self._reader(self._call, self._context.read)

    async def write(self, response: Any) -> None:
        """Writes a response."""
        await self._context.write(response)
        self._call.responses += 1


async def send_responses(responses: Any, context: ServicerContext) -> None:
    """Sends what a servicer's generator yields. A servicer may also write to the context itself.

    The transport holds each `write` up until there is room, so a slow reader stalls its own stream.
    """
    if not hasattr(responses, "__aiter__"):
        await responses
        return
    # A generator that is left in its middle runs its `finally` blocks now, not at some later time.
    async with aclosing(responses) if hasattr(responses, "aclose") else nullcontext():
        async for response in responses:
            await context.write(response)
