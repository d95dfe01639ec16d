"""A server's life in one process: bind, serve, drain, stop."""

import asyncio
from typing import Any

from rpc.core.address import AddressError
from rpc.core.errors import StartupError
from rpc.server.application import Application, Servicer, Upstream
from rpc.service import Service
from rpc.transports.transport import BindError
from rpc.upstream.name_check import UnknownNameError

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from proto import user_pb2, user_pb2_grpc
from services.mock_data import mock_data
from services.mock_data.mock_data import MockUserData
from services.orc2 import orc2
from testing.in_process import serving
from testing.waiting import LIMIT_SECONDS

SERVICE = "user.MockUserDataService"
REQUEST = user_pb2.UserName(name="krithik")


async def test_it_serves_while_the_context_is_open() -> None:
    async with serving(mock_data.SERVICE) as server:
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
    async with (
        serving(mock_data.SERVICE) as upstream,
        serving(orc2.SERVICE, upstream=upstream.address) as server,
        grpc.aio.insecure_channel(server.address) as channel,
    ):
        stub = user_pb2_grpc.Orchestrator2ServiceStub(channel)
        request = user_pb2.User(name="krithik")
        assert (await stub.GetUser(request, timeout=LIMIT_SECONDS)).roll == 70


async def test_an_upstream_name_that_cannot_exist_is_an_error() -> None:
    with pytest.raises(UnknownNameError, match=r"--upstream no\.\.such:9001"):
        async with serving(orc2.SERVICE, upstream="no..such:9001", insecure=True):
            pass


def declared(*make: Any, upstreams: tuple[Upstream, ...] = ()) -> Application:
    add = user_pb2_grpc.add_MockUserDataServiceServicer_to_server
    return Application(
        "test", 0, servicers=[Servicer(one, add) for one in make], upstreams=upstreams
    )


ORC2 = Upstream("orc2", user_pb2_grpc.Orchestrator2ServiceStub, port=1)


def needs_orc3(orc3: object) -> MockUserData:
    raise AssertionError(orc3)


async def test_a_servicer_that_wants_what_is_not_declared_is_an_error() -> None:
    said = "test: needs_orc3 takes 'orc3', which is neither an upstream nor an option"
    with pytest.raises(StartupError, match=said) as raised:
        async with serving(declared(needs_orc3), upstream="127.0.0.1:1"):
            pass
    assert "\n" not in str(raised.value)


async def test_an_upstream_that_no_servicer_takes_is_an_error() -> None:
    said = "test: no servicer takes the upstream 'orc2'"
    with pytest.raises(StartupError, match=said) as raised:
        async with serving(declared(MockUserData, upstreams=(ORC2,)), upstream="127.0.0.1:1"):
            pass
    assert "\n" not in str(raised.value)


def test_a_service_without_a_servicer_is_an_error() -> None:
    with pytest.raises(TypeError, match="test has no servicer"):
        Service("test", port=1)
    with pytest.raises(TypeError, match="test: servicer and register go together"):
        Service("test", port=1, servicer=MockUserData)


async def test_several_services_and_upstreams_on_one_server() -> None:
    def two_upstreams(one: Any, other: Any) -> Any:
        class Both(user_pb2_grpc.Orchestrator1ServiceServicer):
            async def GetUserByName(
                self, request: user_pb2.UserName, context: Any
            ) -> user_pb2.User:
                name = user_pb2.UserName(name=request.name)
                first, second = await one.GetMockUserData(name), await other.GetMockUserData(name)
                return user_pb2.User(name=request.name, roll=first.roll + second.roll)

        return Both()

    service = Service(
        "both",
        port=1,
        servicers=[
            Servicer(two_upstreams, user_pb2_grpc.add_Orchestrator1ServiceServicer_to_server),
            Servicer(MockUserData, user_pb2_grpc.add_MockUserDataServiceServicer_to_server),
        ],
        upstreams=[
            Upstream(name, user_pb2_grpc.MockUserDataServiceStub, port=1)
            for name in ("one", "other")
        ],
    )
    async with (
        serving(mock_data.SERVICE) as one,
        serving(mock_data.SERVICE) as other,
        serving(service, upstream_one=one.address, upstream_other=other.address) as server,
        grpc.aio.insecure_channel(server.address) as channel,
    ):
        both: Any = user_pb2_grpc.Orchestrator1ServiceStub(channel)
        assert (await both.GetUserByName(REQUEST, timeout=LIMIT_SECONDS)).roll == 140
        second: Any = user_pb2_grpc.MockUserDataServiceStub(channel)
        assert (await second.GetMockUserData(REQUEST, timeout=LIMIT_SECONDS)).roll == 70
        health: Any = health_pb2_grpc.HealthStub(channel)
        for name in ("user.Orchestrator1Service", SERVICE, ""):
            request = health_pb2.HealthCheckRequest(service=name)
            response = await health.Check(request, timeout=LIMIT_SECONDS)
            assert response.status == health_pb2.HealthCheckResponse.SERVING


async def test_its_state_is_serving_and_then_not_serving() -> None:
    async with serving(mock_data.SERVICE) as server:
        channel = grpc.aio.insecure_channel(server.address)
        stub: Any = health_pb2_grpc.HealthStub(channel)
        watch = stub.Watch(health_pb2.HealthCheckRequest(service=SERVICE), timeout=LIMIT_SECONDS)
        assert (await watch.read()).status == health_pb2.HealthCheckResponse.SERVING
    assert (await watch.read()).status == health_pb2.HealthCheckResponse.NOT_SERVING
    await channel.close()


async def test_a_call_that_outlasts_the_grace_is_cut_off() -> None:
    async with serving(mock_data.SERVICE, delay=600.0, grace=0.0) as server:
        channel = grpc.aio.insecure_channel(server.address)
        stub = user_pb2_grpc.MockUserDataServiceStub(channel)
        call = asyncio.ensure_future(stub.GetMockUserData(REQUEST, timeout=LIMIT_SECONDS))
        await channel.channel_ready()
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await call
    assert raised.value.code() in {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED}
    await channel.close()


async def test_a_taken_port_is_an_error_and_not_shared() -> None:
    async with serving(mock_data.SERVICE) as server:
        with pytest.raises(BindError, match="Address already in use"):
            async with serving(mock_data.SERVICE, listen=server.address):
                pass


async def test_a_port_is_shared_by_servers_with_the_option() -> None:
    async with (
        serving(mock_data.SERVICE, reuse_port=True) as one,
        serving(mock_data.SERVICE, reuse_port=True, listen=one.address) as other,
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
        async with serving(mock_data.SERVICE, **settings):
            pass


async def test_plaintext_beyond_loopback_is_served_when_wanted() -> None:
    async with serving(mock_data.SERVICE, listen="0.0.0.0:0", insecure=True) as server:
        assert server.address.startswith("0.0.0.0:")


async def test_metrics_are_served_beside_the_calls() -> None:
    async with serving(mock_data.SERVICE, metrics_address="127.0.0.1:0") as server:
        assert server.metrics_address is not None
    async with serving(mock_data.SERVICE) as server:
        assert server.metrics_address is None
