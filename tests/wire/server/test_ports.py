"""Addresses of a server: some can be bound, some cannot."""

import errno
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

import grpc
import pytest

from tests.wire.server.service import METHOD, handlers, method
from wire.channel import channel
from wire.server import server


async def _peer(request: bytes, context: Any) -> bytes:
    return str(context.peer()).encode()


async def _response_from(address: str, target: str | None = None) -> str:
    listening = server([handlers(Method=method("unary_unary", _peer))])
    port = listening.add_insecure_port(address)
    await listening.start()
    try:
        made: Any = grpc.aio.insecure_channel(target or f"localhost:{port}")
        async with made as channel:
            response: bytes = await channel.unary_unary(METHOD)(b"")
    finally:
        await listening.stop(0)
    return response.decode()


@pytest.mark.parametrize("address", ["127.0.0.1:0", "localhost:0", "[::]:0", "0.0.0.0:0"])
async def test_tcp_addresses_serve(address: str) -> None:
    assert (await _response_from(address)).startswith(("ipv4:127.0.0.1:", "ipv6:[::1]:"))


async def test_a_socket_without_a_file_serves() -> None:
    address = f"unix-abstract:{uuid4()}"
    listening = server([handlers(Method=method("unary_unary", _peer))])
    listening.add_insecure_port(address)
    await listening.start()
    async with channel(address) as opened:
        called: Any = opened.unary_unary(METHOD)
        assert await called(b"", timeout=30) == b"unix:"
    await listening.stop(0)


@pytest.mark.parametrize("address", ["localhost:0", "[::]:0", ":0"])
async def test_a_machine_without_ipv6_serves(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Socket(socket.socket):
        def __init__(self, family: int = -1, *arguments: Any, **options: Any) -> None:
            if family == socket.AF_INET6:
                raise OSError(errno.EAFNOSUPPORT, os.strerror(errno.EAFNOSUPPORT))
            super().__init__(family, *arguments, **options)

    both = [
        (socket.AF_INET6, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("::1", 0, 0, 0)),
        (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("127.0.0.1", 0)),
    ]
    resolve = socket.getaddrinfo
    monkeypatch.setattr(socket, "socket", Socket)
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda host, *rest, **options: (
            both if host == "localhost" else resolve(host, *rest, **options)
        ),
    )
    assert (await _response_from(address)).startswith("ipv4:127.0.0.1:")


def test_an_address_of_another_machine_is_refused() -> None:
    # TEST-NET-3 (RFC 5737).
    with pytest.raises(OSError, match="assign") as caught:
        server().add_insecure_port("203.0.113.7:0")
    assert caught.value.errno == errno.EADDRNOTAVAIL


@pytest.fixture
def unix_address() -> Iterator[str]:
    # The path of a socket has at most 107 bytes, and pytest's folders may be longer.
    with TemporaryDirectory(dir="/tmp") as folder:
        yield f"unix:{folder}/socket"


async def test_a_unix_socket_serves(unix_address: str) -> None:
    address = unix_address
    assert await _response_from(address, address) == "unix:"


async def test_a_socket_of_a_dead_server_is_replaced(unix_address: str) -> None:
    with socket.socket(socket.AF_UNIX) as killed:
        killed.bind(unix_address.removeprefix("unix:"))
    assert await _response_from(unix_address, unix_address) == "unix:"


def _is_there(unix_address: str) -> bool:
    return Path(unix_address.removeprefix("unix:")).exists()


def _move_away(unix_address: str) -> None:
    path = Path(unix_address.removeprefix("unix:"))
    path.rename(path.with_name("old"))


async def test_a_server_takes_its_socket_with_it(unix_address: str) -> None:
    stopped = server()
    stopped.add_insecure_port(unix_address)
    await stopped.start()
    assert _is_there(unix_address)
    await stopped.stop(0)
    assert not _is_there(unix_address)


async def test_a_successors_socket_stays(unix_address: str) -> None:
    stopped, successor = server(), server()
    stopped.add_insecure_port(unix_address)
    _move_away(unix_address)
    successor.add_insecure_port(unix_address)
    await stopped.stop(0)
    assert _is_there(unix_address)
    await successor.stop(0)


@pytest.mark.parametrize("address", ["nowhere", "127.0.0.1:x", "127.0.0.1:65536", "::1:0"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(OSError, match=r"host:port|brackets") as caught:
        server().add_insecure_port(address)
    assert caught.value.errno == errno.EINVAL


async def test_a_taken_port_is_refused() -> None:
    first = server()
    port = first.add_insecure_port("127.0.0.1:0")
    with pytest.raises(OSError, match="in use") as caught:
        server().add_insecure_port(f"127.0.0.1:{port}")
    assert caught.value.errno == errno.EADDRINUSE
    await first.stop(0)


async def test_servers_may_share_a_port_with_the_option() -> None:
    first, second = server(reuse_port=True), server(reuse_port=True)
    port = first.add_insecure_port("127.0.0.1:0")
    assert second.add_insecure_port(f"127.0.0.1:{port}") == port
    await first.stop(0)
    await second.stop(0)
