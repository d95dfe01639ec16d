"""Reflection and channelz: on by default, off by a setting."""

import contextlib
import gc
import logging
from collections.abc import AsyncIterator
from typing import Any, cast

from rpc.core.errors import UsageError

import grpc
import pytest
from grpc_channelz.v1 import channelz_pb2, channelz_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from services.mock_data import mock_data
from testing.in_process import serving
from testing.waiting import LIMIT_SECONDS

SERVICE = "user.MockUserDataService"
REFLECTION = {
    "grpc.reflection.v1.ServerReflection",
    "grpc.reflection.v1alpha.ServerReflection",
}
HEALTH = "grpc.health.v1.Health"
CHANNELZ = "grpc.channelz.v1.Channelz"
TRANSPORTS = pytest.mark.parametrize("transport", ["grpcio", "wire"])


async def listed_services(**settings: Any) -> set[str]:
    async with (
        serving(mock_data.SERVICE, **settings) as server,
        grpc.aio.insecure_channel(server.address) as channel,
    ):
        # The stubs' type hints know the synchronous channel only.
        stub: Any = reflection_pb2_grpc.ServerReflectionStub(cast("grpc.Channel", channel))
        request = reflection_pb2.ServerReflectionRequest(list_services="")
        call = stub.ServerReflectionInfo(iter([request]), timeout=LIMIT_SECONDS)
        response = await call.read()
        return {service.name for service in response.list_services_response.service}


async def test_what_is_there_is_listed() -> None:
    always = {SERVICE, HEALTH} | REFLECTION
    assert await listed_services() == always
    assert await listed_services(channelz=True, transport="grpcio") == always | {CHANNELZ}


@pytest.mark.parametrize("name", sorted(REFLECTION))
async def test_both_versions_of_reflection_respond(name: str) -> None:
    async with (
        serving(mock_data.SERVICE) as server,
        grpc.aio.insecure_channel(server.address) as channel,
    ):
        # The messages of both versions are the same.
        ask: Any = channel.stream_stream(
            f"/{name}/ServerReflectionInfo",
            reflection_pb2.ServerReflectionRequest.SerializeToString,
            reflection_pb2.ServerReflectionResponse.FromString,
        )
        asked = reflection_pb2.ServerReflectionRequest(file_containing_symbol=name)
        response = await ask(iter([asked]), timeout=LIMIT_SECONDS).read()
    (file,) = response.file_descriptor_response.file_descriptor_proto
    assert name.rpartition(".")[0].encode() in file


@contextlib.asynccontextmanager
async def reflection(transport: str) -> AsyncIterator[Any]:
    """A stub for reflection, of a server that runs while the context is open."""
    async with (
        serving(mock_data.SERVICE, transport=transport) as server,
        grpc.aio.insecure_channel(server.address) as channel,
    ):
        yield reflection_pb2_grpc.ServerReflectionStub(cast("grpc.Channel", channel))


@pytest.mark.parametrize("symbol", [f"{SERVICE}.GetMockUserData", f"{SERVICE}", "user.User.name"])
async def test_reflection_knows_each_kind_of_symbol(symbol: str) -> None:
    async with reflection("wire") as stub:
        request = reflection_pb2.ServerReflectionRequest(file_containing_symbol=symbol)
        response = await stub.ServerReflectionInfo(iter([request]), timeout=LIMIT_SECONDS).read()
    assert response.original_request == request
    (file,) = response.file_descriptor_response.file_descriptor_proto
    assert b"MockUserDataService" in file


@TRANSPORTS
async def test_a_caller_that_leaves_reflection_leaves_no_line(
    transport: str, caplog: pytest.LogCaptureFixture
) -> None:
    request = reflection_pb2.ServerReflectionRequest(list_services="")
    async with reflection(transport) as stub:
        call = stub.ServerReflectionInfo(timeout=LIMIT_SECONDS)
        await call.write(request)
        await call.read()
        call.cancel()
        # The server has seen the end of the first by then.
        await stub.ServerReflectionInfo(iter([request]), timeout=LIMIT_SECONDS).read()
    gc.collect()
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


@TRANSPORTS
async def test_a_request_that_cannot_be_read_is_named(transport: str) -> None:
    async with (
        serving(mock_data.SERVICE, transport=transport) as server,
        grpc.aio.insecure_channel(server.address) as channel,
    ):
        ask: Any = channel.stream_stream(f"/{min(REFLECTION)}/ServerReflectionInfo")
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await ask(iter([b"\xff"]), timeout=LIMIT_SECONDS).read()
    assert raised.value.code() is grpc.StatusCode.INTERNAL
    assert raised.value.details() == "the request is not a valid message of the method's type"


async def test_reflection_can_be_left_out() -> None:
    async with (
        serving(mock_data.SERVICE, reflection=False) as server,
        grpc.aio.insecure_channel(server.address) as channel,
    ):
        stub: Any = reflection_pb2_grpc.ServerReflectionStub(cast("grpc.Channel", channel))
        # Sends no request: a request after the refusal would be another error.
        call = stub.ServerReflectionInfo(timeout=LIMIT_SECONDS)
        assert await call.code() is grpc.StatusCode.UNIMPLEMENTED


@pytest.mark.parametrize("channelz", [True, False])
async def test_channelz_responds_unless_it_is_left_out(*, channelz: bool) -> None:
    async with (
        serving(mock_data.SERVICE, channelz=channelz, transport="grpcio") as server,
        grpc.aio.insecure_channel(server.address) as channel,
    ):
        stub: Any = channelz_pb2_grpc.ChannelzStub(cast("grpc.Channel", channel))
        call = stub.GetServers(channelz_pb2.GetServersRequest(), timeout=LIMIT_SECONDS)
        if channelz:
            assert (await call).server
        else:
            assert await call.code() is grpc.StatusCode.UNIMPLEMENTED


async def test_channelz_is_refused_where_it_would_be_empty() -> None:
    with pytest.raises(UsageError, match="--transport wire does without"):
        async with serving(mock_data.SERVICE, channelz=True, transport="wire"):
            pass
