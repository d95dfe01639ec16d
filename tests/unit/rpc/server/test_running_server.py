"""A server's life, in process: bind, serve, drain, stop."""

import asyncio
from typing import Any

from rpc.core.address import AddressError
from rpc.server.running_server import Connect
from rpc.transports.grpcio.binding import BindError
from rpc.upstream.channel import ChannelSettings
from rpc.upstream.name_check import UnknownNameError

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from proto import user_pb2, user_pb2_grpc
from services.mock_data import MockUserData
from services.orc2 import add_servicer as add_orc2
from tests.support.in_process import serving
from tests.support.waiting import LIMIT_SECONDS

SERVICE = "user.MockUserDataService"
REQUEST = user_pb2.UserName(name="krithik")


def add_mock_data(server: grpc.aio.Server, _: Connect) -> None:
    user_pb2_grpc.add_MockUserDataServiceServicer_to_server(MockUserData(), server)


def add_slow_mock_data(server: grpc.aio.Server, _: Connect) -> None:
    user_pb2_grpc.add_MockUserDataServiceServicer_to_server(MockUserData(600), server)


async def test_it_serves_while_the_context_is_open() -> None:
    async with serving(SERVICE, add_mock_data) as server:
        async with grpc.aio.insecure_channel(server.address) as channel:
            stub = user_pb2_grpc.MockUserDataServiceStub(channel)
            user = await stub.GetMockUserData(REQUEST, timeout=LIMIT_SECONDS)
        assert user.roll == 70
    async with grpc.aio.insecure_channel(server.address) as channel:
        stub = user_pb2_grpc.MockUserDataServiceStub(channel)
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await stub.GetMockUserData(REQUEST, timeout=LIMIT_SECONDS)
    assert raised.value.code() is grpc.StatusCode.UNAVAILABLE


async def test_it_calls_its_upstream() -> None:
    async with serving(SERVICE, add_mock_data) as mock_data:
        upstream = ChannelSettings(target=mock_data.address)
        async with (
            serving("user.Orchestrator2Service", add_orc2, upstream=upstream) as orc2,
            grpc.aio.insecure_channel(orc2.address) as channel,
        ):
            stub = user_pb2_grpc.Orchestrator2ServiceStub(channel)
            request = user_pb2.User(name="krithik")
            assert (await stub.GetUser(request, timeout=LIMIT_SECONDS)).roll == 70


async def test_a_servicer_with_an_upstream_needs_a_target() -> None:
    with pytest.raises(AddressError, match="give it --upstream"):
        async with serving("user.Orchestrator2Service", add_orc2):
            pass


async def test_an_upstream_name_that_cannot_exist_is_an_error() -> None:
    upstream = ChannelSettings(target="no..such:9001", insecure=True)
    with pytest.raises(UnknownNameError):
        async with serving("user.Orchestrator2Service", add_orc2, upstream=upstream):
            pass


async def test_its_state_is_serving_and_then_not_serving() -> None:
    async with serving(SERVICE, add_mock_data) as server:
        channel = grpc.aio.insecure_channel(server.address)
        stub: Any = health_pb2_grpc.HealthStub(channel)
        watch = stub.Watch(health_pb2.HealthCheckRequest(service=SERVICE), timeout=LIMIT_SECONDS)
        assert (await watch.read()).status == health_pb2.HealthCheckResponse.SERVING
    assert (await watch.read()).status == health_pb2.HealthCheckResponse.NOT_SERVING
    await channel.close()


async def test_a_call_that_outlasts_the_grace_is_cut_off() -> None:
    async with serving(SERVICE, add_slow_mock_data, grace=0.0) as server:
        channel = grpc.aio.insecure_channel(server.address)
        stub = user_pb2_grpc.MockUserDataServiceStub(channel)
        call = asyncio.ensure_future(stub.GetMockUserData(REQUEST, timeout=LIMIT_SECONDS))
        await channel.channel_ready()
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await call
    assert raised.value.code() in {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED}
    await channel.close()


async def test_a_taken_port_is_an_error_and_not_shared() -> None:
    async with serving(SERVICE, add_mock_data) as server:
        with pytest.raises(BindError, match="Address already in use"):
            async with serving(SERVICE, add_mock_data, listen=server.address):
                pass


async def test_a_port_is_shared_by_those_who_say_so() -> None:
    async with (
        serving(SERVICE, add_mock_data, reuse_port=True) as one,
        serving(SERVICE, add_mock_data, reuse_port=True, listen=one.address) as other,
    ):
        assert one.address == other.address


@pytest.mark.parametrize(
    ("settings", "option"),
    [
        ({"listen": "0.0.0.0:0"}, "--listen"),
        ({"metrics_address": "0.0.0.0:0"}, "--metrics-address"),
    ],
)
async def test_plaintext_beyond_loopback_is_refused(settings: dict[str, Any], option: str) -> None:
    with pytest.raises(AddressError, match=rf"{option} 0\.0\.0\.0:0 .*--insecure"):
        async with serving(SERVICE, add_mock_data, **settings):
            pass


async def test_plaintext_beyond_loopback_is_served_when_wanted() -> None:
    async with serving(SERVICE, add_mock_data, listen="0.0.0.0:0", insecure=True) as server:
        assert server.address.startswith("0.0.0.0:")


async def test_metrics_are_served_beside_the_calls() -> None:
    async with serving(SERVICE, add_mock_data, metrics_address="127.0.0.1:0") as server:
        assert server.metrics_address is not None
    async with serving(SERVICE, add_mock_data) as server:
        assert server.metrics_address is None
