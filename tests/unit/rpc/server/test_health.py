"""The health servicer: its states, and its streams. These end with the server."""

from collections.abc import AsyncIterator
from typing import Any

from rpc.interceptors.interceptor_chain import InterceptorChain
from rpc.interceptors.order import admin_interceptors
from rpc.server.health import HealthServicer, add_health
from rpc.server.health_list import HealthListResponse
from rpc.server.methods import Methods
from rpc.transports.grpcio.arrivals import Arrivals
from rpc.transports.grpcio.calls import Calls
from rpc.transports.grpcio.held_responses import HeldResponses
from rpc.transports.grpcio.open_calls import OpenCalls
from rpc.transports.grpcio.texts import is_local

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from testing.waiting import LIMIT_SECONDS

SERVICE = "user.Orchestrator1Service"
SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


@pytest.fixture
def health() -> HealthServicer:
    return HealthServicer()


@pytest.fixture
async def channel(health: HealthServicer) -> AsyncIterator[grpc.aio.Channel]:
    interceptors = admin_interceptors(is_local=is_local, status_of_request=lambda _: None)
    chain = InterceptorChain(interceptors)
    methods = Methods(chain, chain)
    add_health(health, methods.admin)
    server = grpc.aio.server(
        handlers=[Calls(methods, Arrivals(), HeldResponses(), OpenCalls(LIMIT_SECONDS))]
    )
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield channel
    await server.stop(None)


@pytest.fixture
def stub(channel: grpc.aio.Channel) -> Any:
    return health_pb2_grpc.HealthStub(channel)


def request(service: str) -> health_pb2.HealthCheckRequest:
    return health_pb2.HealthCheckRequest(service=service)


async def check(stub: Any, service: str) -> int:
    response = await stub.Check(request(service), timeout=LIMIT_SECONDS)
    return int(response.status)


async def test_the_server_serves_at_once_and_a_service_on_demand(
    health: HealthServicer, stub: Any
) -> None:
    assert await check(stub, "") == SERVING
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await check(stub, SERVICE)
    assert raised.value.code() is grpc.StatusCode.NOT_FOUND
    health.set_serving(SERVICE)
    assert await check(stub, SERVICE) == SERVING


async def test_a_drain_is_for_everything_and_for_good(health: HealthServicer, stub: Any) -> None:
    health.set_serving(SERVICE)
    health.drain()
    health.set_serving(SERVICE)
    assert await check(stub, "") == NOT_SERVING
    assert await check(stub, SERVICE) == NOT_SERVING


async def test_a_missing_upstream_stops_the_services_not_the_server(
    health: HealthServicer, stub: Any
) -> None:
    health.set_serving(SERVICE)
    for upstream in ("one", "other"):
        health.upstream_unusable(upstream)
    assert (await check(stub, SERVICE), await check(stub, "")) == (NOT_SERVING, SERVING)
    health.upstream_usable("one")
    assert await check(stub, SERVICE) == NOT_SERVING
    health.upstream_usable("other")
    assert await check(stub, SERVICE) == SERVING


async def test_a_drain_holds_whatever_is_there_again(health: HealthServicer, stub: Any) -> None:
    health.set_serving(SERVICE)
    health.upstream_unusable("one")
    health.drain()
    health.upstream_usable("one")
    assert (await check(stub, SERVICE), await check(stub, "")) == (NOT_SERVING, NOT_SERVING)


async def test_a_watch_reports_the_drain_and_then_ends(health: HealthServicer, stub: Any) -> None:
    watch = stub.Watch(request(""), timeout=LIMIT_SECONDS)
    assert (await watch.read()).status == SERVING
    health.drain()
    assert (await watch.read()).status == NOT_SERVING
    health.end_watches()
    assert await watch.read() is grpc.aio.EOF
    assert await watch.code() is grpc.StatusCode.OK


async def test_a_watcher_that_leaves_disturbs_no_other(health: HealthServicer, stub: Any) -> None:
    leaving, staying = (stub.Watch(request(""), timeout=LIMIT_SECONDS) for _ in range(2))
    for watch in (leaving, staying):
        assert (await watch.read()).status == SERVING
    leaving.cancel()
    health.drain()
    assert (await staying.read()).status == NOT_SERVING


async def test_a_list_has_every_service(health: HealthServicer, channel: grpc.aio.Channel) -> None:
    ask: Any = channel.unary_unary("/grpc.health.v1.Health/List")
    health.set_serving(SERVICE)
    response = HealthListResponse.FromString(await ask(b"", timeout=LIMIT_SECONDS))
    statuses = {service: one.status for service, one in response.statuses.items()}
    assert statuses == {"": SERVING, SERVICE: SERVING}
    health.drain()
    response = HealthListResponse.FromString(await ask(b"", timeout=LIMIT_SECONDS))
    assert {one.status for one in response.statuses.values()} == {NOT_SERVING}


async def test_a_list_matches_health_proto(channel: grpc.aio.Channel) -> None:
    ask: Any = channel.unary_unary("/grpc.health.v1.Health/List")
    # Field 1: a pair of an optional key "" and a value. The value's field 1 is SERVING.
    assert await ask(b"", timeout=LIMIT_SECONDS) in {
        b"\x0a\x04\x12\x02\x08\x01",
        b"\x0a\x06\x0a\x00\x12\x02\x08\x01",
    }


async def test_a_watch_of_a_service_that_comes_later(health: HealthServicer, stub: Any) -> None:
    watch = stub.Watch(request(SERVICE), timeout=LIMIT_SECONDS)
    assert (await watch.read()).status == health_pb2.HealthCheckResponse.SERVICE_UNKNOWN
    health.set_serving(SERVICE)
    assert (await watch.read()).status == SERVING
    watch.cancel()
