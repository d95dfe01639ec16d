"""Several services on one server: each is protected, for any name and handlers."""

import asyncio
from typing import Any

from rpc.service import Service, Servicer

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from proto import user_pb2, user_pb2_grpc
from testing.in_process import serving
from testing.metrics import metric
from testing.waiting import LIMIT_SECONDS
from tests.support.streams.log import call_lines
from tests.support.streams.servicers import Streams
from tests.support.streams.streams_pb2 import Request
from tests.support.streams.streams_pb2_grpc import (
    StreamServiceStub,
    add_StreamServiceServicer_to_server,
)
from tests.support.streams.ways import TRANSPORTS, begin, calling, failure

TEXT = "no such key: hunter2"
EVERY_TRANSPORT = pytest.mark.parametrize("transport", TRANSPORTS)


class MockData(user_pb2_grpc.MockUserDataServiceServicer):
    """Always fails."""

    async def GetMockUserData(self, request: Any, context: Any) -> user_pb2.User:
        raise KeyError(TEXT)


def add_misnamed(servicer: MockData, server: Any) -> None:
    """Adds a servicer under a name outside of any contract."""
    handlers: dict[str, Any] = {
        "Get": grpc.unary_unary_rpc_method_handler(servicer.GetMockUserData)
    }
    server.add_registered_method_handlers("user.MockUserDataServise", handlers)


def add_by_generic_handler(servicer: MockData, server: Any) -> None:
    """Adds a servicer like generated code before registered methods."""
    handlers: dict[str, Any] = {
        "Get": grpc.unary_unary_rpc_method_handler(servicer.GetMockUserData)
    }
    generic = grpc.method_handlers_generic_handler("user.OldService", handlers)
    server.add_generic_rpc_handlers((generic,))


class EveryMethod(grpc.GenericRpcHandler):
    """Handles calls of all names, as a proxy does."""

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Any:
        """The hook of gRPC."""
        return grpc.unary_unary_rpc_method_handler(self.respond)

    async def respond(self, request: Any, context: Any) -> Any:
        """Sends the request back."""
        return request


def add_every_method(handler: EveryMethod, server: Any) -> None:
    """Adds the handler of all names."""
    server.add_generic_rpc_handlers((handler,))


def service(streams: Streams) -> Service:
    return Service(
        "several",
        port=1,
        servicers=[
            Servicer(lambda: streams, add_StreamServiceServicer_to_server),
            Servicer(MockData, user_pb2_grpc.add_MockUserDataServiceServicer_to_server),
            Servicer(MockData, add_misnamed),
            Servicer(MockData, add_by_generic_handler),
        ],
    )


SERVICES = [
    "streams.StreamService",
    "user.MockUserDataService",
    "user.MockUserDataServise",
    "user.OldService",
]
FAILING = [
    "/user.MockUserDataService/GetMockUserData",
    "/user.MockUserDataServise/Get",
    "/user.OldService/Get",
]


def call(channel: grpc.aio.Channel, method: str) -> Any:
    begin: Any = channel.unary_unary(method)
    return begin(b"", timeout=LIMIT_SECONDS)


@EVERY_TRANSPORT
async def test_each_is_logged_and_mapped(
    transport: str, capsys: pytest.CaptureFixture[str]
) -> None:
    several = service(Streams())
    async with (
        serving(several, transport=transport, log_format="json") as server,
        calling(server.address) as channel,
    ):
        for method in FAILING:
            error = await failure(call(channel, method))
            assert error.code() is grpc.StatusCode.INTERNAL
            assert TEXT not in str(error)
        error = await failure(begin(StreamServiceStub(channel), "Unary", Request(exception=TEXT)))
        assert TEXT not in str(error)
    lines = call_lines(capsys)
    assert [line["method"] for line in lines] == [*FAILING, "/streams.StreamService/Unary"]
    assert all(TEXT in line["diagnosis"] for line in lines)


@EVERY_TRANSPORT
async def test_each_is_counted(transport: str) -> None:
    several = service(Streams())
    async with (
        serving(several, transport=transport, metrics_address="127.0.0.1:0") as server,
        calling(server.address) as channel,
    ):
        for method in FAILING:
            await failure(call(channel, method))
            name = {"grpc_method": method[1:], "grpc_status": "INTERNAL"}
            count = "grpc_server_call_duration_seconds_count"
            assert await asyncio.to_thread(metric, server, count, **name) == 1


@EVERY_TRANSPORT
async def test_callers_cannot_fill_the_metrics_with_names(
    transport: str, capsys: pytest.CaptureFixture[str]
) -> None:
    proxy = Service("proxy", port=1, servicers=[Servicer(EveryMethod, add_every_method)])
    names = [f"/a.Service/Method{number}" for number in range(20)]
    async with (
        serving(
            proxy, transport=transport, metrics_address="127.0.0.1:0", log_format="json"
        ) as server,
        calling(server.address) as channel,
    ):
        for name in names:
            assert await call(channel, name) == b""
        begun = "grpc_server_call_started_total"
        assert await asyncio.to_thread(metric, server, begun, grpc_method="other") == len(names)
        assert await asyncio.to_thread(metric, server, begun) == len(names)
    assert [line["method"] for line in call_lines(capsys)] == names


@EVERY_TRANSPORT
async def test_each_is_shed(transport: str) -> None:
    streams = Streams()
    async with (
        serving(service(streams), transport=transport, max_concurrent_rpcs=1) as server,
        calling(server.address) as channel,
    ):
        held = begin(StreamServiceStub(channel), "BidiStream", Request(hold=True))
        await asyncio.wait_for(streams.holding.wait(), LIMIT_SECONDS)
        for method in FAILING:
            error = await failure(call(channel, method))
            assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        held.cancel()


@EVERY_TRANSPORT
async def test_health_responds_for_each(transport: str) -> None:
    async with (
        serving(service(Streams()), transport=transport) as server,
        calling(server.address) as channel,
    ):
        stub: Any = health_pb2_grpc.HealthStub(channel)
        for name in ["", *SERVICES]:
            request = health_pb2.HealthCheckRequest(service=name)
            response = await stub.Check(request, timeout=LIMIT_SECONDS)
            assert response.status == health_pb2.HealthCheckResponse.SERVING
        unknown = stub.Check(health_pb2.HealthCheckRequest(service="x.Y"), timeout=LIMIT_SECONDS)
        assert (await failure(unknown)).code() is grpc.StatusCode.NOT_FOUND
