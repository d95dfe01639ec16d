"""TLS on ports: access, a servicer's view of callers, and new certificates."""

import asyncio
import ssl
from datetime import timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest

from testing.certificates import Authority, Pair
from tests.wire.server.connection_log import ConnectionLog
from tests.wire.server.service import METHOD, handlers, method
from wire.http2.error_codes import NO_ERROR
from wire.http2.limits import Limits
from wire.server import Server, server
from wire.tls import ServerCredentials


async def _next_refusal(log: ConnectionLog) -> str:
    """The reason why the next caller is refused."""
    peer, _, reason = await asyncio.wait_for(log.refused.get(), 10)
    assert peer.startswith("ipv4:127.0.0.1:")
    return reason


async def _caller(request: bytes, context: Any) -> bytes:
    return b",".join(context.peer_identities() or (b"nobody",))


async def _started(
    pair: Pair, clients: Path | None = None, **options: Any
) -> tuple[Server, int, ConnectionLog]:
    log = ConnectionLog()
    secure = server(
        [handlers(Method=method("unary_unary", _caller))],
        connection_observer=log,
        **options,
    )
    credentials = ServerCredentials(pair.certificate, pair.key, clients)
    port = secure.add_secure_port("127.0.0.1:0", credentials)
    await secure.start()
    return secure, port, log


async def _response(port: int, authority: Authority, pair: Pair | None = None) -> bytes:
    credentials = grpc.ssl_channel_credentials(
        authority.certificate.read_bytes(),
        pair.key.read_bytes() if pair else None,
        pair.certificate.read_bytes() if pair else None,
    )
    made: Any = grpc.aio.secure_channel(f"127.0.0.1:{port}", credentials)
    async with made as channel:
        response: bytes = await channel.unary_unary(METHOD)(b"", timeout=10)
    return response


async def test_a_caller_without_a_certificate_is_nobody(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    secure, port, _ = await _started(authority.issue("server"))
    assert await _response(port, authority) == b"nobody"
    await secure.stop(0)


async def test_a_callers_names_are_known(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    secure, port, _ = await _started(authority.issue("server"), authority.certificate)
    caller = authority.issue("caller", names=("orc1.internal", "10.0.0.1"))
    assert await _response(port, authority, caller) == b"orc1.internal,10.0.0.1"
    await secure.stop(0)


async def test_a_caller_of_another_authority_is_refused(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    stranger = Authority(tmp_path, "stranger").issue("caller")
    secure, port, log = await _started(authority.issue("server"), authority.certificate)
    with pytest.raises(grpc.aio.AioRpcError):
        await _response(port, authority, stranger)
    assert "certificate was not accepted" in await _next_refusal(log)
    await secure.stop(0)


async def test_plaintext_is_refused(tmp_path: Path) -> None:
    secure, port, log = await _started(Authority(tmp_path).issue("server"))
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
    await reader.read()
    writer.close()
    assert "TLS handshake failed" in await _next_refusal(log)
    await secure.stop(0)


async def test_a_peer_without_http2_is_refused(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    secure, port, log = await _started(authority.issue("server"))
    context = ssl.create_default_context(cafile=str(authority.certificate))
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", port, ssl=context, server_hostname="localhost"
    )
    assert await reader.read() == b""
    writer.close()
    assert "ALPN" in await _next_refusal(log)
    await secure.stop(0)


async def test_a_silent_handshake_takes_the_place_of_a_connection(tmp_path: Path) -> None:
    limits = Limits(max_connections=1)
    secure, port, log = await _started(Authority(tmp_path).issue("server"), limits=limits)
    _, silent = await asyncio.open_connection("127.0.0.1", port)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    assert await reader.read() == b""
    assert await _next_refusal(log) == "too many connections"
    writer.close()
    silent.close()
    await secure.stop(0)


async def test_a_silent_handshake_ends(tmp_path: Path) -> None:
    limits = Limits(handshake_timeout=0.1)
    secure, port, log = await _started(Authority(tmp_path).issue("server"), limits=limits)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    assert await reader.read() == b""
    writer.close()
    assert "took too long" in await _next_refusal(log)
    await secure.stop(0)


async def test_a_connection_ends_with_its_callers_certificate(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    secure, port, seen = await _started(authority.issue("server"), authority.certificate)
    caller = authority.issue("caller", names=("orc1",), left=timedelta(seconds=3))
    credentials = grpc.ssl_channel_credentials(
        authority.certificate.read_bytes(),
        caller.key.read_bytes(),
        caller.certificate.read_bytes(),
    )
    made: Any = grpc.aio.secure_channel(f"127.0.0.1:{port}", credentials)
    async with made as channel:
        call = channel.unary_unary(METHOD)
        assert await call(b"", timeout=10) == b"orc1"
        assert seen.ended.empty()
        # By the server: nothing else ends it while the channel is open.
        assert (await asyncio.wait_for(seen.ended.get(), 30)).code == NO_ERROR
        with pytest.raises(grpc.aio.AioRpcError):
            await call(b"", timeout=10)
    assert "certificate has expired" in await _next_refusal(seen)
    await secure.stop(0)


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
async def test_no_session_can_be_resumed_without_a_certificate(
    tmp_path: Path, version: str
) -> None:
    authority = Authority(tmp_path)
    secure, port, _ = await _started(authority.issue("server"), authority.certificate)
    caller = authority.issue("caller")
    context = ssl.create_default_context(cafile=str(authority.certificate))
    context.load_cert_chain(caller.certificate, caller.key)
    context.minimum_version = context.maximum_version = ssl.TLSVersion[version]
    context.set_alpn_protocols(["h2"])
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", port, ssl=context, server_hostname="localhost"
    )
    # The server's SETTINGS: tickets would have come before them.
    await reader.readexactly(9)
    assert not writer.get_extra_info("ssl_object").session.has_ticket
    writer.transport.abort()
    await secure.stop(0)


class _Rotated:
    """Credentials with new contents."""

    def __init__(self, pair: Pair) -> None:
        self.pair = pair

    def context(self) -> ssl.SSLContext:
        return ServerCredentials(self.pair.certificate, self.pair.key).context()


async def test_each_handshake_looks_up_the_certificate(tmp_path: Path) -> None:
    old, new = Authority(tmp_path, "old"), Authority(tmp_path, "new")
    credentials = _Rotated(old.issue("server"))
    secure = server([handlers(Method=method("unary_unary", _caller))])
    port = secure.add_secure_port("127.0.0.1:0", credentials)
    await secure.start()
    await _response(port, old)
    credentials.pair = new.issue("other")
    assert await _response(port, new) == b"nobody"
    await secure.stop(0)


async def test_a_server_outlives_what_its_credentials_raise(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    credentials = _Rotated(authority.issue("server"))
    secure = server([handlers(Method=method("unary_unary", _caller))])
    port = secure.add_secure_port("127.0.0.1:0", credentials)
    await secure.start()
    pair, credentials.pair = credentials.pair, None  # type: ignore[assignment]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    assert await asyncio.wait_for(reader.read(), 10) == b""
    writer.close()
    credentials.pair = pair
    assert await _response(port, authority) == b"nobody"
    await secure.stop(0)


async def test_the_port_is_free_after_a_stop(tmp_path: Path) -> None:
    pair = Authority(tmp_path).issue("server")
    secure, port, _ = await _started(pair)
    await secure.stop(0)
    again = server()
    assert again.add_insecure_port(f"127.0.0.1:{port}") == port
    await again.stop(0)


async def test_a_handshake_under_way_does_not_hold_the_exit(tmp_path: Path) -> None:
    secure, port, _ = await _started(Authority(tmp_path).issue("server"))
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    await asyncio.wait_for(secure.stop(30), 10)
    writer.close()


def test_a_missing_certificate_is_reported_at_once(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        ServerCredentials(tmp_path / "none.pem", tmp_path / "none.key")


def test_a_port_is_not_bound_without_a_context(tmp_path: Path) -> None:
    missing = _Rotated(Pair(tmp_path / "none.pem", tmp_path / "none.key"))
    with pytest.raises(FileNotFoundError):
        server().add_secure_port("127.0.0.1:0", missing)
