"""A server of `wire` with a test's methods, and a channel of grpcio to it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import grpc

from wire.server import Server, server

METHOD = "/test.Service/Method"

Behavior = Callable[[Any, Any], Any]

_KINDS = {
    "unary_unary": grpc.unary_unary_rpc_method_handler,
    "unary_stream": grpc.unary_stream_rpc_method_handler,
    "stream_unary": grpc.stream_unary_rpc_method_handler,
    "stream_stream": grpc.stream_stream_rpc_method_handler,
}


def handlers(service: str = "test.Service", **methods: Any) -> Any:
    """A generic handler of a service."""
    return grpc.method_handlers_generic_handler(service, methods)


def method(kind: str, behavior: Behavior) -> Any:
    """A handler with bytes as messages."""
    make: Any = _KINDS[kind]
    return make(behavior)


@asynccontextmanager
async def serving(
    kind: str, behavior: Behavior, *, grace: float = 0, **options: Any
) -> AsyncIterator[tuple[Server, int]]:
    """Serves one method. Yields the server and its port."""
    serving = server([handlers(Method=method(kind, behavior))], **options)
    port = serving.add_insecure_port("127.0.0.1:0")
    await serving.start()
    try:
        yield serving, port
    finally:
        await serving.stop(grace)


@asynccontextmanager
async def calling(kind: str, behavior: Behavior, **options: Any) -> AsyncIterator[Any]:
    """Serves one method. Yields its grpcio multicallable."""
    async with (
        serving(kind, behavior, **options) as (_, port),
        channel_to(port) as channel,
    ):
        yield getattr(channel, kind)(METHOD)


def channel_to(port: int) -> Any:
    """A channel of grpcio. Its types do not mention bytes."""
    return grpc.aio.insecure_channel(f"127.0.0.1:{port}")


async def never() -> bytes:
    """Waits for its cancellation."""
    forever: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
    return await forever


async def failure(call: Any) -> grpc.aio.AioRpcError:
    """The error of a failed call."""
    try:
        await call
    except grpc.aio.AioRpcError as error:
        return error
    raise AssertionError("the call did not fail")
