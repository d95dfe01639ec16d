"""Interceptors that are made when the server starts, from what a servicer is made from."""

import asyncio
from typing import Any

from rpc.core.errors import StartupError
from rpc.service import (
    Call,
    ServerInterceptor,
    Service,
    Upstream,
    UpstreamCall,
    UpstreamInterceptor,
)

import click
import grpc
import pytest

from proto import user_pb2, user_pb2_grpc
from services.mock_data.mock_data import MockUserData
from services.orc2.orc2 import Orchestrator2
from testing.in_process import serving
from testing.waiting import LIMIT_SECONDS

USER = user_pb2.User(name="krithik")


class Label(UpstreamInterceptor):
    """Sends the label to the upstream."""

    def __init__(self, label: str) -> None:
        self._label = label

    def started(self, call: UpstreamCall) -> None:
        call.metadata += (("x-label", self._label),)


class Guarded(MockUserData):
    """Notes the labels of its calls."""

    def __init__(self) -> None:
        super().__init__()
        self.labels: list[Any] = []

    async def GetMockUserData(self, request: Any, context: Any) -> user_pb2.User:
        self.labels.append(dict(context.invocation_metadata()).get("x-label"))
        return await super().GetMockUserData(request, context)


def service(*interceptors: Any, upstream_interceptors: Any = ()) -> Service:
    return Service(
        "orc2",
        port=1,
        servicer=Orchestrator2,
        register=user_pb2_grpc.add_Orchestrator2ServiceServicer_to_server,
        upstream=Upstream("mock_data", user_pb2_grpc.MockUserDataServiceStub, port=2),
        interceptors=interceptors,
        upstream_interceptors=upstream_interceptors,
        options=[click.option("--label", default="blue")],
    )


@pytest.mark.parametrize("transport", ["grpcio", "wire"])
async def test_they_get_options_stubs_and_the_stopping_event(transport: str) -> None:
    made = []

    class Asks(ServerInterceptor):
        """Asks the upstream before each call."""

        def __init__(self, mock_data: Any, label: str, stopping: asyncio.Event) -> None:
            self._mock_data = mock_data
            made.append((label, stopping.is_set()))

        async def intercept(self, call: Call, request: Any, proceed: Any) -> Any:
            await self._mock_data.GetMockUserData(user_pb2.UserName(name="permission"))
            return await proceed(request)

    guarded = Guarded()

    def add(server: grpc.aio.Server) -> None:
        user_pb2_grpc.add_MockUserDataServiceServicer_to_server(guarded, server)

    declared = service(ServerInterceptor(), Asks, upstream_interceptors=[Label])
    async with (
        serving(add, transport=transport) as upstream,
        serving(declared, upstream=upstream.address, transport=transport, label="red") as server,
        grpc.aio.insecure_channel(server.address) as channel,
    ):
        stub = user_pb2_grpc.Orchestrator2ServiceStub(channel)
        assert (await stub.GetUser(USER, timeout=LIMIT_SECONDS)).roll == 70
    assert made == [("red", False)]
    assert guarded.labels == ["red", "red"]


async def test_what_nobody_declared_is_named() -> None:
    def wants(colour: str) -> Any:
        raise AssertionError(colour)

    with pytest.raises(StartupError, match=r"^orc2: .*wants takes 'colour', which is neither"):
        async with serving(service(wants), upstream="127.0.0.1:1"):
            pass


async def test_an_upstream_interceptor_gets_no_stub() -> None:
    def wants(mock_data: Any) -> Any:
        raise AssertionError(mock_data)

    declared = service(upstream_interceptors=[wants])
    with pytest.raises(StartupError, match=r"wants takes 'mock_data', which is no option of the"):
        async with serving(declared, upstream="127.0.0.1:1"):
            pass


class GrpcsOwn(grpc.aio.ServerInterceptor):
    """What servers of grpc.aio take."""

    async def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:
        """The hook of gRPC."""
        return await continuation(handler_call_details)


def makes_none() -> None:
    """A function without a return."""


@pytest.mark.parametrize(
    ("given", "named"),
    [
        (GrpcsOwn(), "GrpcsOwn"),
        (makes_none, "makes_none, which makes None,"),
        (None, "NoneType"),
    ],
)
async def test_only_interceptors_of_the_runtime_are_taken(given: Any, named: str) -> None:
    ended = f"^orc2: {named} is no interceptor of this runtime: derive it from rpc.service."
    for kind, declared in (
        ("ServerInterceptor", service(given)),
        ("UpstreamInterceptor", service(upstream_interceptors=[given])),
    ):
        with pytest.raises(StartupError, match=ended + kind):
            async with serving(declared, upstream="127.0.0.1:1"):
                pass
