"""The service that is called in these tests."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc

import wire
from wire.http2.limits import Limits

Context = grpc.aio.ServicerContext[bytes, bytes]


async def echo(request: bytes, context: Context) -> bytes:
    return request


async def hold(request: bytes, context: Context) -> bytes:
    """Never answers."""
    await asyncio.get_running_loop().create_future()
    return request


async def repeat(request: bytes, context: Context) -> AsyncIterator[bytes]:
    """Answers a number with so many messages of 1 kB."""
    for _ in range(int(request)):
        yield bytes(1000)


async def chat(requests: AsyncIterator[bytes], context: Context) -> AsyncIterator[bytes]:
    async for request in requests:
        yield request


def handlers() -> "grpc.GenericRpcHandler[Any, Any]":
    return grpc.method_handlers_generic_handler(
        "test.Echo",
        {
            "Echo": grpc.unary_unary_rpc_method_handler(echo),
            "Hold": grpc.unary_unary_rpc_method_handler(hold),
            "Repeat": grpc.unary_stream_rpc_method_handler(repeat),
            "Chat": grpc.stream_stream_rpc_method_handler(chat),
        },
    )


@asynccontextmanager
async def serving(limits: Limits | None = None) -> AsyncIterator[int]:
    """Serves the service; gives its port."""
    server = wire.server(limits=limits or Limits())
    server.add_generic_rpc_handlers((handlers(),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield port
    finally:
        await server.stop(0)
