"""Blocking servicers: their methods run on threads, not on the event loop."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any, NoReturn, cast

from rpc.core.call import ServicerContext
from rpc.core.errors import RpcStatusError, Trailers
from rpc.transports.transport import MethodHandler

import grpc

if TYPE_CHECKING:
    from concurrent.futures import Future

_END = object()


def awaitable(handler: MethodHandler) -> Callable[[Any, Any], Any]:
    """A servicer's method, given its handler, made safe to call on the event loop.

    A plain function runs on a thread of `asyncio.to_thread`, so it may block. So does each step of
    a plain generator. Both see the current call, iterate over requests without `async`, and have a
    context as that of grpc, without `async` too.

    Returns:
        A function of request and context. Its result is to be awaited, or iterated over.
    """
    method = cast(
        "Callable[[Any, Any], Any]",
        handler.unary_unary
        or handler.unary_stream
        or handler.stream_unary
        or handler.stream_stream,
    )
    if not _blocks(method):
        return method

    async def begin(loop: "_Loop", request: Any, context: ServicerContext) -> Any:
        if handler.request_streaming:
            request = _Requests(request, loop)
        result = await asyncio.to_thread(method, request, _Context(context, loop))
        return await result if inspect.isawaitable(result) else result

    async def on_thread(request: Any, context: ServicerContext) -> Any:
        with closing(_Loop()) as loop:
            return await begin(loop, request, context)

    async def on_threads(request: Any, context: ServicerContext) -> AsyncIterator[Any]:
        with closing(_Loop()) as loop:
            responses = await begin(loop, request, context)
            if hasattr(responses, "__aiter__"):
                async for response in responses:
                    yield response
            elif responses is not None:
                async for response in _stepping(iter(responses)):
                    yield response

    return on_threads if handler.response_streaming else on_thread


def _blocks(method: Callable[..., Any]) -> bool:
    """Whether it is a plain function. A callable object is called as if it were asynchronous."""
    return inspect.isroutine(method) and not (
        inspect.iscoroutinefunction(method) or inspect.isasyncgenfunction(method)
    )


async def _stepping(steps: Iterator[Any]) -> AsyncIterator[Any]:
    try:
        while (response := await asyncio.to_thread(next, steps, _END)) is not _END:
            yield response
    finally:
        if inspect.isgenerator(steps):
            # One that is in the middle of a step says so, and ends with the step.
            with suppress(ValueError):
                await asyncio.to_thread(steps.close)


class _Loop:
    """Lets a call's threads wait for what the event loop does, until the call is over."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._waiting: set[Future[Any]] = set()
        self._is_over = False

    def close(self) -> None:
        self._is_over = True
        for future in tuple(self._waiting):
            future.cancel()

    def wait(self, doing: Coroutine[Any, Any, Any]) -> Any:
        future = asyncio.run_coroutine_threadsafe(doing, self._loop)
        self._waiting.add(future)
        try:
            if self._is_over:
                future.cancel()
            return future.result()
        finally:
            self._waiting.discard(future)


class _Requests(Iterator[Any]):
    """A stream of requests, as a thread iterates over it."""

    def __init__(self, requests: AsyncIterator[Any], loop: _Loop) -> None:
        self._requests = requests
        self._loop = loop

    def __next__(self) -> Any:
        request = self._loop.wait(self._read())
        if request is _END:
            raise StopIteration
        return request

    async def _read(self) -> Any:
        return await anext(self._requests, _END)


class _Context:
    """A call's context, as a thread uses it."""

    def __init__(self, context: ServicerContext, loop: _Loop) -> None:
        self._context = context
        self._loop = loop

    def __getattr__(self, name: str) -> Any:
        """All else has no `async`, and is the context's own."""
        return getattr(self._context, name)

    def send_initial_metadata(self, initial_metadata: Any) -> None:
        """Sends metadata before the first response."""
        self._loop.wait(self._context.send_initial_metadata(initial_metadata))

    def abort(
        self, code: grpc.StatusCode, details: str = "", trailing_metadata: Trailers = ()
    ) -> NoReturn:
        """Ends the call with a status. OK is taken for UNKNOWN, as by grpc.

        Raises:
            RpcStatusError: always.
        """
        if code is grpc.StatusCode.OK:
            code = grpc.StatusCode.UNKNOWN
        raise RpcStatusError(code, details, tuple(trailing_metadata))

    def abort_with_status(self, status: Any) -> NoReturn:
        """Ends the call with a status object, as of grpc_status.rpc_status."""
        self.abort(status.code, status.details, tuple(status.trailing_metadata or ()))
