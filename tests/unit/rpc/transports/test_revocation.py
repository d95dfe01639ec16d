"""Callers with a revoked certificate: wire refuses them, and no list is skipped."""

import logging
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from pathlib import Path
from typing import Any

from rpc.server.running_server import RunningServer
from rpc.tls import file_reloader
from rpc.tls.files import ChannelTls, ServerTls, TlsError
from rpc.transports.grpcio.credentials import channel_credentials

import grpc
import pytest

from proto import user_pb2, user_pb2_grpc
from services.mock_data import mock_data
from testing.certificates import Authority, Pair
from testing.channels import OWN_CONNECTION
from testing.in_process import serving
from testing.waiting import LIMIT_SECONDS

TRANSPORTS = pytest.mark.parametrize("transport", ["wire", "grpcio"])


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def tls(authority: Authority) -> ServerTls:
    pair = authority.issue("server")
    return ServerTls(
        certificate=pair.certificate,
        key=pair.key,
        client_ca=authority.certificate,
        crl=authority.revoke(),
    )


def serving_with(
    tls: ServerTls, transport: str = "wire", **options: Any
) -> AbstractAsyncContextManager[RunningServer]:
    return serving(mock_data.SERVICE, tls=tls, transport=transport, **options)


async def is_answered(server: RunningServer, authority: Authority, pair: Pair) -> bool:
    tls = ChannelTls(ca=authority.certificate, certificate=pair.certificate, key=pair.key)
    credentials = channel_credentials(tls)()
    async with grpc.aio.secure_channel(server.address, credentials, OWN_CONNECTION) as channel:
        stub: Any = user_pb2_grpc.MockUserDataServiceStub(channel)
        try:
            await stub.GetMockUserData(user_pb2.UserName(name="krithik"), timeout=LIMIT_SECONDS)
        except grpc.aio.AioRpcError as error:
            if error.code() is not grpc.StatusCode.UNAVAILABLE:
                raise
            return False
    return True


async def test_a_revoked_caller_is_refused(authority: Authority, tls: ServerTls) -> None:
    good, bad = authority.issue("good"), authority.issue("bad")
    authority.revoke(bad)
    async with serving_with(tls) as server:
        assert await is_answered(server, authority, good)
        assert not await is_answered(server, authority, bad)


async def test_a_caller_is_revoked_while_the_server_runs(
    authority: Authority, tls: ServerTls
) -> None:
    caller = authority.issue("caller")
    async with serving_with(tls) as server:
        assert await is_answered(server, authority, caller)
        authority.revoke(caller)
        assert not await is_answered(server, authority, caller)


@pytest.mark.parametrize(
    ("flaw", "reason"),
    [("outdated", "has expired, at 2"), ("strange", "of none of the authorities"), ("torn", "")],
)
async def test_a_bad_list_does_not_replace_a_good_one(  # noqa: PLR0913, PLR0917  # a table
    flaw: str,
    reason: str,
    authority: Authority,
    tls: ServerTls,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(file_reloader, "RETRY_SECONDS", 3600.0)
    caplog.set_level(logging.INFO, "rpc.tls")
    assert tls.crl is not None
    good, bad = authority.issue("good"), authority.issue("bad")
    authority.revoke(bad)
    async with serving_with(tls) as server:
        if flaw == "outdated":
            authority.revoke(left=timedelta(hours=-1))
        elif flaw == "strange":
            other = Authority(authority.certificate.parent, "other").revoke()
            tls.crl.write_bytes(other.read_bytes())
        else:
            tls.crl.write_text("-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n")
        assert await is_answered(server, authority, good)
        assert not await is_answered(server, authority, bad)
    (line,) = caplog.messages
    assert line.startswith(f"keeping the old certificate: {tls.crl} ")
    assert reason in line


async def test_an_outdated_list_is_warned_of(
    authority: Authority, tls: ServerTls, caplog: pytest.LogCaptureFixture
) -> None:
    authority.revoke(left=timedelta(hours=-1))
    async with serving_with(tls) as server:
        assert not await is_answered(server, authority, authority.issue("caller"))
    assert f"{tls.crl} has expired; renew it" in caplog.messages


async def test_grpcio_refuses_to_pass_a_list_over(tls: ServerTls) -> None:
    with pytest.raises(TlsError, match="--tls-crl needs --transport wire"):
        async with serving_with(tls, "grpcio"):
            pass


@TRANSPORTS
async def test_a_list_among_the_authorities_is_refused(
    transport: str, authority: Authority, tls: ServerTls
) -> None:
    both = authority.certificate.read_bytes() + authority.revoke().read_bytes()
    authority.certificate.write_bytes(both)
    without = ServerTls(certificate=tls.certificate, key=tls.key, client_ca=tls.client_ca)
    with pytest.raises(TlsError, match=r"authority\.pem holds a revocation list, which is not"):
        async with serving_with(without, transport):
            pass


def test_a_list_needs_authorities(tls: ServerTls) -> None:
    with pytest.raises(TlsError, match="--tls-crl needs --tls-client-ca"):
        ServerTls(certificate=tls.certificate, key=tls.key, crl=tls.crl)
