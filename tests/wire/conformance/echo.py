"""The service called in these tests."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc

from wire.http2.limits import Limits
from wire.server import server
from wire.server.observer import ConnectionObserver

Context = grpc.aio.ServicerContext[bytes, bytes]


async def echo(request: bytes, context: Context) -> bytes:
    return request


async def hold(request: bytes, context: Context) -> bytes:
    """Never answers."""
    await asyncio.get_running_loop().create_future()
    return request


async def refuse(request: bytes, context: Context) -> bytes:
    """Ends the call with NOT_FOUND and the request as its text."""
    await context.abort(grpc.StatusCode.NOT_FOUND, request.decode())


async def repeat(request: bytes, context: Context) -> AsyncIterator[bytes]:
    """Answers a number with this many messages of 1 kB."""
    for _ in range(int(request)):
        yield bytes(1000)


async def chat(requests: AsyncIterator[bytes], context: Context) -> AsyncIterator[bytes]:
    async for request in requests:
        yield request


def handlers() -> grpc.GenericRpcHandler:
    return grpc.method_handlers_generic_handler(
        "test.Echo",
        {
            "Echo": grpc.unary_unary_rpc_method_handler(echo),
            "Hold": grpc.unary_unary_rpc_method_handler(hold),
            "Refuse": grpc.unary_unary_rpc_method_handler(refuse),
            "Repeat": grpc.unary_stream_rpc_method_handler(repeat),
            "Chat": grpc.stream_stream_rpc_method_handler(chat),
        },
    )


@asynccontextmanager
async def serving(
    limits: Limits | None = None, *, observer: ConnectionObserver | None = None
) -> AsyncIterator[int]:
    """Runs the service and yields its port."""
    echoing = server(limits=limits, connection_observer=observer)
    echoing.add_generic_rpc_handlers((handlers(),))
    port = echoing.add_insecure_port("127.0.0.1:0")
    await echoing.start()
    try:
        yield port
    finally:
        await echoing.stop(0)
