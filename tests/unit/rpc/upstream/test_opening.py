"""Channels open only with safe and consistent settings."""

from pathlib import Path
from typing import Any

from rpc.core.address import AddressError
from rpc.tls.files import ChannelTls, ServerTls, TlsError
from rpc.transports.grpcio.transport import GrpcioTransport
from rpc.upstream.opening import open_channel
from rpc.upstream.settings import PeerSettings

import grpc
import pytest

from proto import user_pb2, user_pb2_grpc
from services.mock_data import mock_data
from testing.certificates import Authority
from testing.in_process import serving

SERVICE = "user.MockUserDataService"
REQUEST = user_pb2.UserName(name="krithik")


def opened(target: str, tls: ChannelTls | None = None, *, insecure: bool = False) -> Any:
    settings = PeerSettings(target=target, tls=tls)
    return open_channel(GrpcioTransport(), settings, SERVICE, insecure=insecure)


async def call_over(channel: grpc.aio.Channel) -> user_pb2.User:
    stub = user_pb2_grpc.MockUserDataServiceStub(channel)
    try:
        return await stub.GetMockUserData(REQUEST, timeout=20)
    finally:
        await channel.close()


async def test_a_channel_carries_calls() -> None:
    async with serving(mock_data.SERVICE) as server:
        channel = opened(server.address)
        assert (await call_over(channel)).roll == 70


async def test_plaintext_to_another_machine_is_refused() -> None:
    with pytest.raises(AddressError, match="--insecure"):
        opened("orc2.example:9001")


async def test_plaintext_to_another_machine_is_opened_when_wanted() -> None:
    await opened("orc2.example:9001", insecure=True).close()


async def test_a_malformed_target_is_refused() -> None:
    with pytest.raises(AddressError, match="HOST:PORT"):
        opened("orc2")


async def test_tls_checks_the_given_name(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    pair = authority.issue("server", names=["mock-data.example"])
    server_tls = ServerTls(certificate=pair.certificate, key=pair.key)
    tls = ChannelTls(ca=authority.certificate, server_name="mock-data.example")
    async with serving(mock_data.SERVICE, tls=server_tls) as server:
        assert (await call_over(opened(server.address, tls))).roll == 70


async def test_unusable_tls_is_an_error(tmp_path: Path) -> None:
    tls = ChannelTls(ca=tmp_path / "missing")
    with pytest.raises(TlsError, match="missing"):
        opened("localhost:1", tls)
