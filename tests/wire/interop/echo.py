"""A service with methods of all kinds, its servers and its channels. Messages are bytes."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import grpc

from wire.channel import ChannelOptions, channel
from wire.http2.limits import Limits
from wire.server import server as make_server

LIMIT = 8 << 20
"""The limit on a message, in bytes."""

PATH = "/test.Echo/"


class Echo:
    """The methods, on grpc.aio's contexts."""

    async def unary(self, request: bytes, context: Any) -> bytes:
        """Echoes the request and its metadata, as headers and as trailers."""
        sent = tuple(
            (key, value) for key, value in context.invocation_metadata() if key.startswith("x-")
        )
        await context.send_initial_metadata(sent)
        context.set_trailing_metadata((*sent, ("x-last", "end")))
        return request

    async def fail(self, request: bytes, context: Any) -> bytes:
        """Ends with the requested status."""
        number, _, text = request.partition(b" ")
        code = next(code for code in grpc.StatusCode if code.value[0] == int(number))
        trailers = (("x-why", "because"), ("x-raw-bin", b"\x00\xff"))
        await context.abort(code, text.decode(), trailers)
        raise AssertionError

    async def hang(self, request: bytes, context: Any) -> bytes:
        """Waits until the caller cancels."""
        await asyncio.Event().wait()
        return request

    async def time_left(self, request: bytes, context: Any) -> bytes:
        """Responds with the remaining time of the caller's deadline, in milliseconds."""
        remaining = context.time_remaining()
        return b"none" if remaining is None else b"%d" % (remaining * 1000)

    async def responses(self, request: bytes, context: Any) -> AsyncIterator[bytes]:
        """Answers as often as the request says, then fails if asked to."""
        count, _, failing = request.partition(b" ")
        for number in range(int(count)):
            yield b"%d" % number
        if failing:
            await context.abort(grpc.StatusCode.DATA_LOSS, "no more")

    async def requests(self, requests: AsyncIterator[bytes], context: Any) -> bytes:
        """Joins the requests."""
        return b"".join([request async for request in requests])

    async def both(self, requests: AsyncIterator[bytes], context: Any) -> AsyncIterator[bytes]:
        """Sends each request back at once."""
        async for request in requests:
            yield request

    def handlers(self) -> grpc.GenericRpcHandler:
        """The service."""
        methods: dict[str, Any] = {
            "Unary": grpc.unary_unary_rpc_method_handler(self.unary),
            "Fail": grpc.unary_unary_rpc_method_handler(self.fail),
            "Hang": grpc.unary_unary_rpc_method_handler(self.hang),
            "TimeLeft": grpc.unary_unary_rpc_method_handler(self.time_left),
            "Responses": grpc.unary_stream_rpc_method_handler(self.responses),
            "Requests": grpc.stream_unary_rpc_method_handler(self.requests),
            "Both": grpc.stream_stream_rpc_method_handler(self.both),
        }
        handler: grpc.GenericRpcHandler = grpc.method_handlers_generic_handler("test.Echo", methods)
        return handler


@asynccontextmanager
async def grpcio_server(compression: grpc.Compression | None = None) -> AsyncIterator[str]:
    """Serves by grpcio."""
    options = [("grpc.max_receive_message_length", LIMIT), ("grpc.so_reuseport", 0)]
    server = grpc.aio.server(options=options, compression=compression)
    server.add_generic_rpc_handlers((Echo().handlers(),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        await server.stop(None)


@asynccontextmanager
async def wire_server(compression: grpc.Compression | None = None) -> AsyncIterator[str]:
    """Serves by wire."""
    server = make_server(limits=Limits(max_message_bytes=LIMIT), compression=compression)
    server.add_generic_rpc_handlers((Echo().handlers(),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        await server.stop(None)


def grpcio_channel(target: str) -> Any:
    """Calls by grpcio."""
    options = [("grpc.max_receive_message_length", LIMIT), ("grpc.enable_http_proxy", 0)]
    return grpc.aio.insecure_channel(target, options)


def wire_channel(target: str) -> Any:
    """Calls by wire."""
    options = ChannelOptions(limits=Limits(max_message_bytes=LIMIT))
    return channel(target, options=options)


Serving = Callable[..., AbstractAsyncContextManager[str]]
Calling = Callable[[str], Any]

SERVERS: dict[str, Serving] = {"grpcio": grpcio_server, "wire": wire_server}
CHANNELS: dict[str, Calling] = {"grpcio": grpcio_channel, "wire": wire_channel}
