"""Client interceptors of grpc.aio: each sees a call before the next one, and the last one sends it.

An intercepted call has a Task of its own, because interceptors are coroutines. Channels without
interceptors have none of this.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Sequence
from typing import Any, TypeVar, cast

import grpc

from wire.channel.outcome import CANCELLED_HERE
from wire.channel.written_requests import WrittenRequests

_KINDS = {
    grpc.aio.UnaryUnaryClientInterceptor: "intercept_unary_unary",
    grpc.aio.UnaryStreamClientInterceptor: "intercept_unary_stream",
    grpc.aio.StreamUnaryClientInterceptor: "intercept_stream_unary",
    grpc.aio.StreamStreamClientInterceptor: "intercept_stream_stream",
}
SENDING_MANY = (grpc.aio.StreamUnaryClientInterceptor, grpc.aio.StreamStreamClientInterceptor)
"""Interceptors of calls with a stream of requests."""

_CANCELLED = {"code": grpc.StatusCode.CANCELLED, "details": CANCELLED_HERE}

_Value = TypeVar("_Value")
_Continuation = Callable[[grpc.aio.ClientCallDetails, Any], Awaitable[Any]]


def of_kind(
    interceptors: Sequence[grpc.aio.ClientInterceptor], kind: type[grpc.aio.ClientInterceptor]
) -> list[Callable[..., Awaitable[Any]]]:
    """The methods of the interceptors for calls of a kind."""
    return [getattr(each, _KINDS[kind]) for each in interceptors if isinstance(each, kind)]


def require_known(interceptors: Sequence[Any]) -> None:
    """Raises ValueError for an interceptor of no known kind: it would never be called."""
    for interceptor in interceptors:
        if not isinstance(interceptor, tuple(_KINDS)):
            raise ValueError(f"{interceptor!r} is none of grpc.aio's client interceptors")  # noqa: TRY004


class InterceptedMultiCallable:
    """Stands before a multicallable, and has its calls intercepted."""

    def __init__(
        self,
        method: str,
        make: Callable[[str], Callable[..., Any]],
        interceptors: list[Callable[..., Any]],
        *,
        sends_many: bool,
    ) -> None:
        """Wraps a multicallable.

        Args:
            method: as in `/user.Orchestrator2Service/GetUser`.
            make: makes the multicallable of a method. Interceptors may name another one.
            interceptors: from `of_kind`, the outermost first.
            sends_many: whether the calls have a stream of requests.
        """
        self._method = method
        self._make = make
        self._send = make(method)
        self._interceptors = interceptors
        self._sends_many = sends_many

    def __call__(  # noqa: PLR0913, PLR0917 - grpc.aio's shape
        self,
        request: Any = None,
        timeout: float | None = None,
        metadata: Any = None,
        credentials: grpc.CallCredentials | None = None,
        wait_for_ready: bool | None = None,  # noqa: FBT001 - as grpc.aio has it
        compression: grpc.Compression | None = None,
    ) -> InterceptedCall:
        """Begins a call."""
        details = grpc.aio.ClientCallDetails(
            self._method.encode(),  # type: ignore[arg-type]  # bytes, as grpc.aio's own
            timeout,
            grpc.aio.Metadata(*(metadata or ())),
            credentials,
            wait_for_ready,
        )
        written = WrittenRequests() if self._sends_many and request is None else None
        requests = request if written is None else written
        sent: list[Any] = []
        intercepting = self._proceed(0, compression, sent)(details, requests)
        return InterceptedCall(intercepting, written, sent)

    def _proceed(
        self, position: int, compression: grpc.Compression | None, sent: list[Any]
    ) -> _Continuation:
        """What the interceptor before this position continues with."""

        async def proceed(details: grpc.aio.ClientCallDetails, request: Any) -> Any:
            if position < len(self._interceptors):
                following = self._proceed(position + 1, compression, sent)
                return await self._interceptors[position](following, details, request)
            call = self._sender(details.method)(
                request,
                timeout=details.timeout,
                metadata=details.metadata,
                credentials=details.credentials,
                wait_for_ready=details.wait_for_ready,
                compression=compression,
            )
            sent.append(call)
            return call

        return proceed

    def _sender(self, method: str | bytes) -> Callable[..., Any]:
        path = method.decode() if isinstance(method, bytes) else method
        return self._send if path == self._method else self._make(path)


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
        await self._require_written().write(request, self._end())

    async def done_writing(self) -> None:
        """There are no more requests."""
        await self._require_written().close(self._end())

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
        await (await self._interceptors).wait_for_connection()

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


for _call in (
    grpc.aio.UnaryUnaryCall,
    grpc.aio.UnaryStreamCall,
    grpc.aio.StreamUnaryCall,
    grpc.aio.StreamStreamCall,
):
    _call.register(InterceptedCall)
