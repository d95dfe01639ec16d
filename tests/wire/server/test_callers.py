"""The identity of a caller, for shares of a server's room: see `wire.server.identity.Caller`."""

from pathlib import Path
from typing import Any

import grpc

from testing.certificates import Authority
from tests.wire.server.service import METHOD, handlers, method
from wire.server import Admission, server
from wire.server.identity import Caller
from wire.tls import ServerCredentials

CALLS = 2


class _Asked(Admission):
    """Records the callers for whom a server asks for room. Always grants it."""

    def __init__(self) -> None:
        self.callers: set[Caller] = set()

    def room(self) -> int:
        return 0

    def room_for(self, caller: Caller) -> int:
        self.callers.add(caller)
        return 1


async def _echo(request: bytes, context: Any) -> bytes:
    return request


async def _call(port: int, credentials: grpc.ChannelCredentials | None) -> None:
    """Calls on a new connection.

    Its first call may come together with the handshake, which never waits for room.
    """
    address, options = f"127.0.0.1:{port}", (("grpc.use_local_subchannel_pool", 1),)
    opened: Any = (
        grpc.aio.insecure_channel(address, options)
        if credentials is None
        else grpc.aio.secure_channel(address, credentials, options)
    )
    async with opened as channel:
        for _ in range(CALLS):
            assert await channel.unary_unary(METHOD)(b"hello", timeout=10) == b"hello"


async def test_connections_of_an_address_are_one_caller() -> None:
    asked = _Asked()
    plain = server([handlers(Method=method("unary_unary", _echo))], admission=asked)
    port = plain.add_insecure_port("127.0.0.1:0")
    await plain.start()
    for _ in range(2):
        await _call(port, None)
    await plain.stop(0)
    assert asked.callers == {("ipv4:127.0.0.1",)}


async def test_the_names_in_a_certificate_come_before_the_address(tmp_path: Path) -> None:
    asked, authority = _Asked(), Authority(tmp_path)
    secure = server([handlers(Method=method("unary_unary", _echo))], admission=asked)
    own, ca = authority.issue("server"), authority.certificate
    port = secure.add_secure_port("127.0.0.1:0", ServerCredentials(own.certificate, own.key, ca))
    await secure.start()
    for names in (["orc1.example", "spiffe://td.example/orc1"], ["orc2.example"], []):
        shown = authority.issue("caller", names=names)
        pems = (ca, shown.key, shown.certificate)
        await _call(port, grpc.ssl_channel_credentials(*(pem.read_bytes() for pem in pems)))
    await secure.stop(0)
    assert asked.callers == {
        ("orc1.example", "spiffe://td.example/orc1"),
        ("orc2.example",),
        ("ipv4:127.0.0.1",),
    }
