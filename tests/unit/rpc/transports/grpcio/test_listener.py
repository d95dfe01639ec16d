"""A listener accepts calls until it is stopped, even if a call breaks its gRPC server."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from rpc.transports.grpcio.binding import bind
from rpc.transports.grpcio.listener import BoundServer, Listener
from rpc.transports.transport import BindError

import grpc
import pytest

from testing.channels import OWN_CONNECTION
from testing.waiting import LIMIT_SECONDS, eventually

METHOD = "/test.Service/Method"


class Servers:
    """Makes gRPC servers, and counts them. They answer `METHOD` once `release` is set."""

    def __init__(self) -> None:
        self.made = 0
        self.responding = 0
        self.release = asyncio.Event()
        self.taken = False
        handler: Any = grpc.unary_unary_rpc_method_handler(self._respond)
        self._methods = grpc.method_handlers_generic_handler("test.Service", {"Method": handler})

    async def _respond(self, request: bytes, _: object) -> bytes:
        self.responding += 1
        await self.release.wait()
        return request

    def make(self, address: str) -> BoundServer:
        if self.taken:
            self.taken = False
            raise BindError("taken")
        options = [("grpc.so_reuseport", 0)]
        server = grpc.aio.server(handlers=[self._methods], options=options)
        bound = bind(server, address, None)
        self.made += 1
        self._last: Any = server
        return server, bound

    def break_last(self) -> None:
        """Ends the last server's loop, like a non-UTF-8 path in some versions of grpc.aio."""

        async def ended(_: float | None = None) -> bool:
            raise UnicodeDecodeError("utf-8", b"/\xff", 1, 2, "invalid start byte")

        self._last.wait_for_termination = ended


@asynccontextmanager
async def listening(servers: Servers) -> AsyncIterator[Listener]:
    listener = Listener(servers.make, LIMIT_SECONDS)
    await listener.start("127.0.0.1:0")
    yield listener
    await listener.stop(0)


def channel_to(listener: Listener) -> grpc.aio.Channel:
    return grpc.aio.insecure_channel(listener.address, options=OWN_CONNECTION)


def call(channel: grpc.aio.Channel) -> Any:
    method: Any = channel.unary_unary(METHOD)
    return method(b"request", timeout=LIMIT_SECONDS, wait_for_ready=True)


async def break_server(servers: Servers) -> None:
    before = servers.made
    servers.break_last()
    await eventually(lambda: servers.made > before, "there is another server")


async def test_a_broken_server_is_replaced_and_completes_its_calls() -> None:
    servers = Servers()
    async with (
        listening(servers) as listener,
        channel_to(listener) as channel,
        channel_to(listener) as other_channel,
    ):
        before = call(channel)
        await eventually(lambda: servers.responding == 1, "the call is being answered")
        address = listener.address
        await break_server(servers)
        assert listener.address == address
        after = call(other_channel)
        await eventually(lambda: servers.responding == 2, "the next one is, too")
        servers.release.set()
        assert (await before, await after) == (b"request", b"request")
    assert servers.made == 2


async def test_it_tries_again_where_the_address_is_not_free_yet() -> None:
    servers = Servers()
    servers.release.set()
    async with (
        listening(servers) as listener,
        channel_to(listener) as channel,
    ):
        servers.taken = True
        await break_server(servers)
        assert await call(channel) == b"request"


async def test_an_address_that_is_taken_is_an_error_at_the_start() -> None:
    async with listening(Servers()) as listener:
        with pytest.raises(BindError):
            await Listener(Servers().make, 0).start(listener.address)


async def test_a_stopped_listener_accepts_nothing() -> None:
    servers = Servers()
    async with listening(servers) as listener:
        pass
    async with channel_to(listener) as channel:
        method: Any = channel.unary_unary(METHOD)
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await method(b"request", timeout=LIMIT_SECONDS)
    assert raised.value.code() is grpc.StatusCode.UNAVAILABLE
