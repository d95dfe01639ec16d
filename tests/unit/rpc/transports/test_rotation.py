"""A running server's certificate changes with its files, but only to a valid one."""

import asyncio
import errno
import logging
import os
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NoReturn

from rpc.core.address import split_host_port
from rpc.server.running_server import RunningServer
from rpc.tls import file_reloader
from rpc.tls.files import ServerTls, TlsError

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509.oid import ExtendedKeyUsageOID

from services.mock_data import mock_data
from testing.certificates import Authority, Pair
from testing.in_process import serving

TRANSPORTS = pytest.mark.parametrize("transport", ["wire", "grpcio"])
Log = pytest.LogCaptureFixture


@pytest.fixture
def log(caplog: Log, monkeypatch: pytest.MonkeyPatch) -> Log:
    # A bad pair is tried once in a test, however slow the machine.
    monkeypatch.setattr(file_reloader, "RETRY_SECONDS", 3600.0)
    caplog.set_level(logging.INFO, "rpc.tls")
    return caplog


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def pair(authority: Authority) -> Pair:
    return authority.issue("server")


@asynccontextmanager
async def server_of(
    pair: Pair, transport: str, client_ca: Path | None = None
) -> AsyncIterator[RunningServer]:
    tls = ServerTls(certificate=pair.certificate, key=pair.key, client_ca=client_ca)
    async with serving(mock_data.SERVICE, tls=tls, transport=transport) as server:
        yield server


async def shown(server: RunningServer) -> str:
    """The certificate of a server in a handshake, in PEM."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    host, port = split_host_port(server.address)
    _, writer = await asyncio.open_connection(host, port, ssl=context)
    certificate = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.transport.abort()
    return ssl.DER_cert_to_PEM_cert(certificate)


@TRANSPORTS
async def test_a_good_pair_takes_the_place_of_the_old(
    transport: str, authority: Authority, pair: Pair, log: Log
) -> None:
    async with server_of(pair, transport, authority.certificate) as server:
        pair.replace_with(authority.issue("new"))
        assert await shown(server) == pair.certificate.read_text()
    assert log.messages == ["certificate reloaded"]


@TRANSPORTS
@pytest.mark.parametrize(
    ("flaw", "reason"),
    [
        ("expired", "has expired, at 2"),
        ("stranger", "is of no authority in "),
        ("client only", "would be refused: unsuitable certificate purpose"),
        ("everybody's", "can be written by everybody"),
    ],
)
async def test_a_bad_pair_does_not(  # noqa: PLR0913, PLR0917  # a table
    transport: str, flaw: str, reason: str, authority: Authority, pair: Pair, log: Log
) -> None:
    bad = {
        "expired": lambda: authority.issue("new", expired=True),
        "stranger": lambda: Authority(authority.certificate.parent, "other").issue("new"),
        "client only": lambda: authority.issue("new", usages=[ExtendedKeyUsageOID.CLIENT_AUTH]),
        "everybody's": lambda: authority.issue("new"),
    }[flaw]()
    old = pair.certificate.read_text()
    async with server_of(pair, transport, authority.certificate) as server:
        pair.replace_with(bad)
        if flaw == "everybody's":
            pair.key.chmod(0o666)
        assert [await shown(server) for _ in range(2)] == [old, old]
    (line,) = log.messages
    assert line.startswith("keeping the old certificate: ")
    assert reason in line
    assert str(pair.certificate if flaw != "everybody's" else pair.key) in line


@TRANSPORTS
async def test_a_pair_of_another_authority_comes_with_it(
    transport: str, authority: Authority, pair: Pair, log: Log
) -> None:
    successor = Authority(authority.certificate.parent, "successor")
    async with server_of(pair, transport, authority.certificate) as server:
        both = authority.certificate.read_bytes() + successor.certificate.read_bytes()
        authority.certificate.write_bytes(both)
        pair.replace_with(successor.issue("new"))
        assert await shown(server) == pair.certificate.read_text()
    assert log.messages == ["certificate reloaded"]


@TRANSPORTS
async def test_any_authoritys_will_do_where_none_is_named(
    transport: str, pair: Pair, tmp_path: Path
) -> None:
    async with server_of(pair, transport) as server:
        pair.replace_with(Authority(tmp_path, "successor").issue("new"))
        assert await shown(server) == pair.certificate.read_text()


@TRANSPORTS
async def test_a_rotation_survives_a_lack_of_descriptors(
    transport: str, authority: Authority, pair: Pair, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_reloader, "RETRY_SECONDS", 0.0)
    old = pair.certificate.read_text()

    def no_descriptor(_: Path, mode: str) -> NoReturn:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    async with server_of(pair, transport) as server:
        pair.replace_with(authority.issue("new"))
        with monkeypatch.context() as broken:
            broken.setattr(Path, "open", no_descriptor)
            assert await shown(server) == old
        assert await shown(server) == pair.certificate.read_text()
    assert log.messages[1:] == ["certificate reloaded"]
    assert "Too many open files" in log.messages[0]


async def test_a_key_that_grpcs_core_cannot_use_is_refused(
    authority: Authority, pair: Pair, log: Log
) -> None:
    ed25519 = authority.issue("ed25519", key=Ed25519PrivateKey.generate())
    old = pair.certificate.read_text()
    async with server_of(pair, "grpcio") as server:
        pair.replace_with(ed25519)
        assert await shown(server) == old
    assert "a kind of key with which gRPC's core fails every handshake" in log.text
    with pytest.raises(TlsError, match=r"ed25519\.pem has a kind of key"):
        async with server_of(ed25519, "grpcio"):
            pass


async def test_wire_uses_it(authority: Authority) -> None:
    ed25519 = authority.issue("ed25519", key=Ed25519PrivateKey.generate())
    async with server_of(ed25519, "wire") as server:
        assert await shown(server) == ed25519.certificate.read_text()


@TRANSPORTS
async def test_a_server_does_not_start_with_a_pair_for_callers(
    transport: str, authority: Authority
) -> None:
    pair = authority.issue("client", usages=[ExtendedKeyUsageOID.CLIENT_AUTH])
    with pytest.raises(TlsError, match=r"client\.pem would be refused: unsuitable certificate"):
        async with server_of(pair, transport):
            pass


@TRANSPORTS
async def test_a_key_that_everybody_may_write_is_refused(transport: str, pair: Pair) -> None:
    pair.key.chmod(0o666)
    with pytest.raises(TlsError, match=r"server\.key can be written by everybody.*chmod 600"):
        async with server_of(pair, transport):
            pass


@TRANSPORTS
async def test_a_key_that_everybody_may_read_is_warned_of(
    transport: str, pair: Pair, log: Log
) -> None:
    pair.key.chmod(0o644)
    async with server_of(pair, transport) as server:
        assert await shown(server) == pair.certificate.read_text()
    (line,) = log.messages
    assert line == f"{pair.key} can be read by everybody; take that away: chmod o-r {pair.key}"
