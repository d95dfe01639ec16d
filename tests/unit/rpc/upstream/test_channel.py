"""Channels: opened only where that is safe and the settings make sense."""

from pathlib import Path

from rpc.core.address import AddressError
from rpc.tls.credentials import ChannelTls, ServerTls, TlsError
from rpc.upstream.channel import ChannelSettings, open_channel

import grpc
import pytest

from proto import user_pb2, user_pb2_grpc
from services.mock_data import MockUserData
from tests.support.certificates import Authority
from tests.support.in_process import serving

SERVICE = "user.MockUserDataService"
REQUEST = user_pb2.UserName(name="krithik")


def add_mock_data(server: grpc.aio.Server, _: object) -> None:
    user_pb2_grpc.add_MockUserDataServiceServicer_to_server(MockUserData(), server)


async def call_over(channel: grpc.aio.Channel) -> user_pb2.User:
    async with channel:
        stub = user_pb2_grpc.MockUserDataServiceStub(channel)
        return await stub.GetMockUserData(REQUEST, timeout=20)


async def test_a_channel_carries_calls() -> None:
    async with serving(SERVICE, add_mock_data) as server:
        channel = open_channel(ChannelSettings(target=server.address), SERVICE)
        assert (await call_over(channel)).roll == 70


async def test_plaintext_to_another_machine_is_refused() -> None:
    with pytest.raises(AddressError, match="--insecure"):
        open_channel(ChannelSettings(target="orc2.example:9001"), SERVICE)


async def test_plaintext_to_another_machine_is_opened_when_wanted() -> None:
    settings = ChannelSettings(target="orc2.example:9001", insecure=True)
    await open_channel(settings, SERVICE).close()


async def test_a_malformed_target_is_refused() -> None:
    with pytest.raises(AddressError, match="HOST:PORT"):
        open_channel(ChannelSettings(target="orc2"), SERVICE)


async def test_tls_checks_the_name_that_it_is_told(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    pair = authority.issue("server", names=["mock-data.example"])
    server_tls = ServerTls(certificate=pair.certificate, key=pair.key)
    tls = ChannelTls(ca=authority.certificate, server_name="mock-data.example")
    async with serving(SERVICE, add_mock_data, tls=server_tls) as server:
        settings = ChannelSettings(target=server.address, tls=tls)
        assert (await call_over(open_channel(settings, SERVICE))).roll == 70


async def test_unusable_tls_is_an_error(tmp_path: Path) -> None:
    tls = ChannelTls(ca=tmp_path / "missing")
    with pytest.raises(TlsError, match="missing"):
        open_channel(ChannelSettings(target="localhost:1", tls=tls), SERVICE)
