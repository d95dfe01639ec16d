"""Servicers of all four kinds of RPC. A request says what they do."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any

from rpc.core.errors import RpcStatusError

import grpc

from tests.support.streams.streams_pb2 import Request, Response
from tests.support.streams.streams_pb2_grpc import StreamServiceServicer

Context = grpc.aio.ServicerContext[Request, Response]
Metadata = tuple[tuple[str, str | bytes], ...]

ECHO_INITIAL = "x-grpc-test-echo-initial"
"""Metadata of this key comes back before the responses."""

ECHO_TRAILING = "x-grpc-test-echo-trailing-bin"
"""Metadata of this key comes back after the responses."""

CODES = {code.value[0]: code for code in grpc.StatusCode}


class Streams(StreamServiceServicer):
    """Responds by generators.

    Attributes:
        begun: set once a call has arrived.
        holding: set once a call waits at its request's demand.
        let_go: set once this call is cancelled.
    """

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.holding = asyncio.Event()
        self.let_go = asyncio.Event()

    async def Unary(self, request: Request, context: Context) -> Response:
        await self._begin(context)
        await self._end(request)
        return _only_response(request, len(request.payload))

    async def ClientStream(
        self, request_iterator: AsyncIterator[Request], context: Context
    ) -> Response:
        await self._begin(context)
        received, last = 0, Request()
        async for last in request_iterator:
            received += len(last.payload)
            await self._end(last)
        return _only_response(last, received)

    async def ServerStream(self, request: Request, context: Context) -> AsyncIterator[Response]:
        await self._begin(context)
        for response in _responses(request, len(request.payload)):
            yield response
        await self._end(request)

    async def BidiStream(
        self, request_iterator: AsyncIterator[Request], context: Context
    ) -> AsyncIterator[Response]:
        await self._begin(context)
        received = 0
        async for request in request_iterator:
            received += len(request.payload)
            for response in _responses(request, received):
                yield response
            await self._end(request)

    async def _begin(self, context: Context) -> None:
        self.begun.set()
        initial = sent_by_caller(context, ECHO_INITIAL)
        if initial:
            await context.send_initial_metadata(initial)
        context.set_trailing_metadata(sent_by_caller(context, ECHO_TRAILING))

    async def _end(self, request: Request) -> None:
        if request.HasField("status"):
            raise RpcStatusError(CODES[request.status.code], request.status.message)
        if request.exception:
            raise KeyError(request.exception)
        if request.hold:
            self.holding.set()
            try:
                await asyncio.Event().wait()
            finally:
                self.let_go.set()


class StreamsByContext(Streams):
    """Responds by `context.read()` and `context.write()`."""

    async def ClientStream(self, request_iterator: Any, context: Context) -> Response:
        await self._begin(context)
        received, last = 0, Request()
        async for last in _reading(context):
            received += len(last.payload)
            await self._end(last)
        return _only_response(last, received)

    # The generated base has generators only.
    async def ServerStream(  # type: ignore[override]
        self, request: Request, context: Context
    ) -> None:
        await self._begin(context)
        for response in _responses(request, len(request.payload)):
            await context.write(response)
        await self._end(request)

    async def BidiStream(  # type: ignore[override]
        self, request_iterator: Any, context: Context
    ) -> None:
        await self._begin(context)
        received = 0
        async for request in _reading(context):
            received += len(request.payload)
            for response in _responses(request, received):
                await context.write(response)
            await self._end(request)


class Forwarding(StreamServiceServicer):
    """Passes on the upstream's responses and the metadata to be echoed."""

    def __init__(self, streams: Any) -> None:
        self._streams = streams

    async def Unary(self, request: Request, context: Context) -> Response:
        call = self._streams.Unary(request, metadata=_to_echo(context))
        return await _only_response_of(call, context)

    async def ClientStream(
        self, request_iterator: AsyncIterator[Request], context: Context
    ) -> Response:
        call = self._streams.ClientStream(request_iterator, metadata=_to_echo(context))
        return await _only_response_of(call, context)

    async def ServerStream(self, request: Request, context: Context) -> AsyncIterator[Response]:
        call = self._streams.ServerStream(request, metadata=_to_echo(context))
        async for response in _responses_of(call, context):
            yield response

    async def BidiStream(
        self, request_iterator: AsyncIterator[Request], context: Context
    ) -> AsyncIterator[Response]:
        call = self._streams.BidiStream(request_iterator, metadata=_to_echo(context))
        async for response in _responses_of(call, context):
            yield response


def sent_by_caller(context: Context, *keys: str) -> Metadata:
    """The caller's metadata of some keys."""
    metadata: Iterable[Any] = context.invocation_metadata() or ()
    return tuple((key, value) for key, value in metadata if key in keys)


def _to_echo(context: Context) -> Metadata:
    return sent_by_caller(context, ECHO_INITIAL, ECHO_TRAILING)


def _responses(request: Request, received: int) -> Iterator[Response]:
    return (Response(payload=bytes(size), received=received) for size in request.sizes)


def _only_response(request: Request, received: int) -> Response:
    return next(_responses(request, received), Response(received=received))


async def _reading(context: Context) -> AsyncIterator[Request]:
    # grpc.aio.EOF follows the last.
    while isinstance(request := await context.read(), Request):
        yield request


async def _only_response_of(call: Any, context: Context) -> Response:
    await _pass_initial_metadata_on(call, context)
    response: Response = await call
    await _pass_trailing_metadata_on(call, context)
    return response


async def _responses_of(call: Any, context: Context) -> AsyncIterator[Response]:
    await _pass_initial_metadata_on(call, context)
    async for response in call:
        yield response
    await _pass_trailing_metadata_on(call, context)


async def _pass_initial_metadata_on(call: Any, context: Context) -> None:
    if _to_echo(context):
        await context.send_initial_metadata(tuple(await call.initial_metadata()))


async def _pass_trailing_metadata_on(call: Any, context: Context) -> None:
    if _to_echo(context):
        context.set_trailing_metadata(tuple(await call.trailing_metadata()))
