"""A call that goes through interceptors of grpc.aio, as its caller sees it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar, cast

import grpc

from wire.channel.outcome import CANCELLED_HERE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Generator

    from wire.channel.written_requests import WrittenRequests

_CANCELLED = {"code": grpc.StatusCode.CANCELLED, "details": CANCELLED_HERE}

_Value = TypeVar("_Value")


class InterceptedCall:
    """A call with interceptors perhaps still at work. Then it is whatever they return."""

    def __init__(self, intercepting: Any, written: WrittenRequests | None, sent: list[Any]) -> None:
        self._loop = asyncio.get_running_loop()
        self._interceptors = self._loop.create_task(intercepting)
        self._written = written
        self._sent = sent
        self._over: asyncio.Future[None] | None = None
        self._callbacks: list[Callable[[Any], None]] = []
        self._responses: AsyncIterator[Any] | None = None
        self._interceptors.add_done_callback(self._intercepted)

    def _intercepted(self, task: asyncio.Task[Any]) -> None:
        call = self._inner()
        for callback in self._callbacks:
            if hasattr(call, "add_done_callback"):
                call.add_done_callback(lambda _, callback=callback: callback(self))
            else:
                callback(self)
        if not task.cancelled():
            # Not everybody awaits a call, which asyncio would log.
            task.exception()

    def _inner(self) -> Any:
        """The call of the interceptors, or None while they work, and where they failed.

        They may return an iterator of their own. Then the call that they have sent tells the rest.
        """
        task = self._interceptors
        if not task.done() or task.cancelled() or task.exception() is not None:
            return None
        call = task.result()
        is_iterator = hasattr(call, "__aiter__") and not hasattr(call, "add_done_callback")
        return self._sent[-1] if is_iterator and self._sent else call

    def __await__(self) -> Generator[Any, Any, Any]:
        """Waits for the response."""
        return self._response().__await__()

    async def _response(self) -> Any:
        call = await self._interceptors
        # An interceptor may return a response of its own.
        return await call if hasattr(call, "__await__") else call

    async def __aiter__(self) -> AsyncIterator[Any]:
        """The responses."""
        async for response in await self._interceptors:
            yield response

    async def read(self) -> Any:
        """The next response, or `grpc.aio.EOF`."""
        call = await self._interceptors
        if hasattr(call, "read"):
            return await call.read()
        if self._responses is None:
            self._responses = aiter(call)
        return await anext(self._responses, grpc.aio.EOF)

    async def write(self, request: Any) -> None:
        """Sends one request, through the interceptors."""
        try:
            await self._require_written().write(request, self._end())
        except asyncio.InvalidStateError:
            self._raise_for_interceptors()
            raise

    async def done_writing(self) -> None:
        """There are no more requests."""
        await self._require_written().close(self._end())

    def _raise_for_interceptors(self) -> None:
        task = self._interceptors
        if task.done() and not task.cancelled():
            error = task.exception()
            # A call that has failed says so when it is awaited.
            if error is not None and not isinstance(error, grpc.aio.AioRpcError):
                raise error

    def _require_written(self) -> WrittenRequests:
        if self._written is None:
            raise grpc.aio.UsageError("a call with an iterable of requests cannot be written to")
        return self._written

    def _end(self) -> asyncio.Future[None]:
        """Done when the call is."""
        over = self._over
        if over is None:
            over = self._over = self._loop.create_future()
            self.add_done_callback(lambda _: over.set_result(None))
        return over

    async def initial_metadata(self) -> grpc.aio.Metadata:
        """What the server sent before its response."""
        return await self._ask("initial_metadata", grpc.aio.Metadata())

    async def trailing_metadata(self) -> grpc.aio.Metadata:
        """What the server sent after its response."""
        return await self._ask("trailing_metadata", grpc.aio.Metadata())

    async def code(self) -> grpc.StatusCode:
        """The status."""
        return await self._ask("code", grpc.StatusCode.OK)

    async def details(self) -> str:
        """The text of the status."""
        return await self._ask("details", "")

    async def debug_error_string(self) -> str:
        """The whole cause of a failure."""
        return await self._ask("debug_error_string", "")

    async def wait_for_connection(self) -> None:
        """Waits until the server responds."""
        await self._interceptors
        call = self._inner()
        if hasattr(call, "wait_for_connection"):
            await call.wait_for_connection()

    async def _ask(self, name: str, otherwise: _Value) -> _Value:
        try:
            await asyncio.shield(self._interceptors)
        except grpc.aio.AioRpcError as error:
            return cast("_Value", getattr(error, name)())
        except asyncio.CancelledError:
            if not self._interceptors.cancelled():
                raise
            return cast("_Value", _CANCELLED.get(name, otherwise))
        call = self._inner()
        return cast("_Value", await getattr(call, name)()) if hasattr(call, name) else otherwise

    def cancel(self) -> bool:
        """Ends the call, or the interceptors."""
        if not self._interceptors.done():
            return self._interceptors.cancel()
        call = self._inner()
        return bool(call.cancel()) if hasattr(call, "cancel") else False

    def cancelled(self) -> bool:
        """Whether this side has cancelled the call."""
        call = self._inner()
        if hasattr(call, "cancelled"):
            return bool(call.cancelled())
        return self._interceptors.cancelled()

    def done(self) -> bool:
        """Whether the call is over."""
        call = self._inner()
        return bool(call.done()) if hasattr(call, "done") else self._interceptors.done()

    def add_done_callback(self, callback: Callable[[Any], None]) -> None:
        """Calls back with this call when it is over."""
        call = self._inner()
        if hasattr(call, "add_done_callback"):
            call.add_done_callback(lambda _: callback(self))
        elif self._interceptors.done():
            callback(self)
        else:
            self._callbacks.append(callback)

    def time_remaining(self) -> float | None:
        """Seconds until the deadline, or None if not known yet."""
        call = self._inner()
        return call.time_remaining() if hasattr(call, "time_remaining") else None


@grpc.aio.UnaryUnaryCall.register
class InterceptedUnaryUnaryCall(InterceptedCall):
    """One request, one response."""


@grpc.aio.UnaryStreamCall.register
class InterceptedUnaryStreamCall(InterceptedCall):
    """One request, responses."""


@grpc.aio.StreamUnaryCall.register
class InterceptedStreamUnaryCall(InterceptedCall):
    """Requests, one response."""


@grpc.aio.StreamStreamCall.register
class InterceptedStreamStreamCall(InterceptedCall):
    """Requests, responses."""
