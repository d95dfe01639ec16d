"""TLS on channels: trust, client certificates, renewal."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest

from testing.certificates import Authority, Pair
from testing.waiting import eventually
from tests.wire.channel.scripted_server import Peer, respond_to_all
from wire.channel import Channel, ChannelOptions, channel
from wire.errors import TransportError
from wire.tls import ChannelCredentials

READY = grpc.ChannelConnectivity.READY
_PATH = "/test.Service/Method"


class _Served:
    def __init__(self) -> None:
        self.port = 0
        self.peers: list[Peer] = []


@asynccontextmanager
async def _serving(
    pair: Pair, *, clients: Path | None = None, protocols: tuple[str, ...] = ("h2",)
) -> AsyncIterator[_Served]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    context.set_alpn_protocols(list(protocols))
    if clients is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(clients)
    served = _Served()

    def connect() -> Peer:
        served.peers.append(Peer(respond_to_all))
        return served.peers[-1]

    loop = asyncio.get_running_loop()
    listener = await loop.create_server(connect, "127.0.0.1", 0, ssl=context)
    served.port = listener.sockets[0].getsockname()[1]
    try:
        yield served
    finally:
        listener.close()
        for peer in served.peers:
            peer.stop()


async def _error(opened: Channel) -> str:
    with pytest.raises(TransportError) as caught:
        await opened.unary_unary(_PATH)(b"", timeout=10)
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    return caught.value.debug_error_string() or ""


async def test_a_trusted_server_is_called(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    credentials = ChannelCredentials(authority.certificate)
    async with (
        _serving(authority.issue("server")) as served,
        channel(f"127.0.0.1:{served.port}", credentials) as opened,
    ):
        assert await opened.unary_unary(_PATH)(b"", timeout=10) == b"response"
        assert served.peers[0].requests[1].headers[b":scheme"] == b"https"


async def test_a_server_of_another_authority_is_refused(tmp_path: Path) -> None:
    stranger = Authority(tmp_path, "stranger")
    credentials = ChannelCredentials(Authority(tmp_path).certificate)
    async with (
        _serving(stranger.issue("server")) as served,
        channel(f"127.0.0.1:{served.port}", credentials) as opened,
    ):
        assert "TLS: the server's certificate is not trusted" in await _error(opened)


async def test_a_server_must_bear_the_name(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    credentials = ChannelCredentials(authority.certificate)
    pair = authority.issue("server", names=("orc2.example",))
    async with _serving(pair) as served:
        target = f"127.0.0.1:{served.port}"
        async with channel(target, credentials) as opened:
            assert "TLS" in await _error(opened)
        options = ChannelOptions(server_name="orc2.example")
        async with channel(target, credentials, options=options) as opened:
            assert await opened.unary_unary(_PATH)(b"", timeout=10) == b"response"
            headers = served.peers[-1].requests[1].headers
            assert headers[b":authority"] == b"orc2.example"


async def test_a_server_bears_an_absolute_name_without_its_dot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority(tmp_path)
    credentials = ChannelCredentials(authority.certificate)

    def look_up(host: str, port: int, **_: object) -> list[tuple[Any, ...]]:
        assert host == "orc2.example."
        return [(0, 0, 0, "", ("127.0.0.1", port))]

    pair = authority.issue("server", names=("orc2.example",))
    async with _serving(pair) as served:
        monkeypatch.setattr(socket, "getaddrinfo", look_up)
        async with channel(f"dns:///orc2.example.:{served.port}", credentials) as opened:
            assert await opened.unary_unary(_PATH)(b"", timeout=10) == b"response"


async def test_a_server_without_http2_is_refused(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    credentials = ChannelCredentials(authority.certificate)
    async with (
        _serving(authority.issue("server"), protocols=("http/1.1",)) as served,
        channel(f"127.0.0.1:{served.port}", credentials) as opened,
    ):
        assert "HTTP/2" in await _error(opened)


class _Rotated:
    """Credentials with new contents."""

    def __init__(self, authority: Authority, mine: Pair) -> None:
        self.authority = authority
        self.mine = mine

    def context(self) -> ssl.SSLContext:
        mine, trusted = self.mine, self.authority.certificate
        return ChannelCredentials(trusted, mine.certificate, mine.key).context()


class _Failing:
    """Credentials that cannot be had for a time."""

    def __init__(self, authority: Authority) -> None:
        self._credentials = ChannelCredentials(authority.certificate)
        self.fails = True

    def context(self) -> ssl.SSLContext:
        if self.fails:
            raise LookupError("the vault is shut")
        return self._credentials.context()


async def test_a_channel_outlives_what_its_credentials_raise(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    credentials = _Failing(authority)
    options = ChannelOptions(initial_backoff=0.01, max_backoff=0.02)
    async with (
        _serving(authority.issue("server")) as served,
        channel(f"127.0.0.1:{served.port}", credentials, options=options) as opened,
    ):
        assert await _error(opened) == f"127.0.0.1:{served.port}: the vault is shut"
        credentials.fails = False
        call = opened.unary_unary(_PATH)(b"", timeout=10, wait_for_ready=True)
        assert await call == b"response"


async def test_a_client_shows_its_newest_certificate(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    credentials = _Rotated(authority, authority.issue("mine", expired=True))
    options = ChannelOptions(initial_backoff=0.01, max_backoff=0.02)
    async with (
        _serving(authority.issue("server"), clients=authority.certificate) as served,
        channel(f"127.0.0.1:{served.port}", credentials, options=options) as opened,
    ):
        await _error(opened)
        credentials.mine = authority.issue("renewed")

        call = opened.unary_unary(_PATH)(b"", timeout=10, wait_for_ready=True)
        assert await call == b"response"


async def test_a_connection_ends_with_its_servers_certificate(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    credentials = ChannelCredentials(authority.certificate)
    options = ChannelOptions(initial_backoff=0.01, max_backoff=0.02)
    short = authority.issue("server", left=timedelta(seconds=3))
    async with (
        _serving(short) as served,
        channel(f"127.0.0.1:{served.port}", credentials, options=options) as opened,
    ):
        call = opened.unary_unary(_PATH)
        assert await call(b"", timeout=10) == b"response"
        await eventually(lambda: opened.get_state() is not READY, "the connection has ended")
        assert "TLS: the server's certificate is not trusted" in await _error(opened)


async def test_a_missing_file_is_named_in_the_log_alone(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    credentials = _Rotated(authority, authority.issue("mine"))
    credentials.mine.key.unlink()
    async with channel("127.0.0.1:1", credentials) as opened:
        with pytest.raises(TransportError) as caught:
            await opened.unary_unary(_PATH)(b"", timeout=10)

    assert caught.value.details() == "an upstream service cannot be reached"
    assert "no such" in (caught.value.debug_error_string() or "")
