"""Calls to an upstream: the properties inherited from the served call."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any, cast

from rpc.core.call import Call, UpstreamCall, current_call
from rpc.core.errors import RpcStatusError
from rpc.upstream.channel import UpstreamChannel
from rpc.upstream.interceptor import UpstreamInterceptor

import grpc
import pytest

from proto import user_pb2, user_pb2_grpc
from testing.waiting import LIMIT_SECONDS, eventually
from tests.support.calls import make_call

METHOD = "/user.MockUserDataService/GetMockUserData"
REQUEST = user_pb2.UserName(name="krithik")
TRACEPARENT = ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")


class Upstream(user_pb2_grpc.MockUserDataServiceServicer):
    """Records each call's metadata and time. Refuses `refused`, never answers `endless`."""

    def __init__(self) -> None:
        self.received: list[tuple[dict[str, str | bytes], float | None]] = []
        self.abandoned = 0

    async def GetMockUserData(
        self, request: user_pb2.UserName, context: grpc.aio.ServicerContext[Any, Any]
    ) -> user_pb2.User:
        metadata = dict(context.invocation_metadata() or ())
        self.received.append((metadata, context.time_remaining()))
        if request.name == "refused":
            await context.abort(grpc.StatusCode.NOT_FOUND, "no such user")
        if request.name == "endless":
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                self.abandoned += 1
                raise
        return user_pb2.User(name=request.name)


class Notes(UpstreamInterceptor):
    """Records its calls, and replaces the call's trace context."""

    def __init__(self) -> None:
        self.begun: list[UpstreamCall] = []
        self.ended: list[tuple[grpc.StatusCode, float]] = []

    def started(self, call: UpstreamCall) -> None:
        self.begun.append(call)
        call.trace_context = (TRACEPARENT,)

    def finished(self, call: UpstreamCall, code: grpc.StatusCode, seconds: float) -> None:
        assert call in self.begun
        self.ended.append((code, seconds))


@pytest.fixture
def upstream() -> Upstream:
    return Upstream()


@pytest.fixture
def notes() -> Notes:
    return Notes()


@pytest.fixture
async def address(upstream: Upstream) -> AsyncIterator[str]:
    server = grpc.aio.server()
    user_pb2_grpc.add_MockUserDataServiceServicer_to_server(upstream, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    yield f"127.0.0.1:{port}"
    await server.stop(None)


@pytest.fixture
async def stub(address: str, notes: Notes) -> AsyncIterator[Any]:
    channel = UpstreamChannel(grpc.aio.insecure_channel(address), LIMIT_SECONDS, [notes])
    yield user_pb2_grpc.MockUserDataServiceStub(cast("grpc.aio.Channel", channel))
    await channel.close()


def serve(call: Call) -> None:
    """Makes the running task the handler of the call."""
    current_call.set(call)


async def test_a_call_outside_of_a_call_has_the_default_timeout(
    stub: Any, upstream: Upstream
) -> None:
    assert (await stub.GetMockUserData(REQUEST)).name == "krithik"
    ((metadata, remaining),) = upstream.received
    assert remaining is not None
    assert 0 < remaining <= LIMIT_SECONDS + 1
    assert len(metadata["x-request-id"]) == 32


async def test_the_request_id_and_the_trace_are_forwarded(stub: Any, upstream: Upstream) -> None:
    serve(make_call(request_id="r-1", trace_context=(TRACEPARENT,)))
    await stub.GetMockUserData(REQUEST)
    ((metadata, _),) = upstream.received
    assert metadata["x-request-id"] == "r-1"
    assert metadata["traceparent"] == TRACEPARENT[1]


async def test_the_deadline_is_forwarded_less_a_margin(stub: Any, upstream: Upstream) -> None:
    serve(make_call(expires=time.perf_counter() + 10))
    await stub.GetMockUserData(REQUEST)
    ((_, remaining),) = upstream.received
    assert remaining is not None
    assert remaining < 10


async def test_an_upstream_that_does_not_respond_in_time_is_given_up(
    stub: Any, notes: Notes
) -> None:
    serve(make_call(expires=time.perf_counter() + 0.1))
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await stub.GetMockUserData(user_pb2.UserName(name="endless"))
    assert raised.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert [code for code, _ in notes.ended] == [grpc.StatusCode.DEADLINE_EXCEEDED]


async def test_a_cancelled_call_is_cancelled_at_the_upstream(
    stub: Any, upstream: Upstream, notes: Notes
) -> None:
    call = asyncio.ensure_future(stub.GetMockUserData(user_pb2.UserName(name="endless")))
    await eventually(lambda: upstream.received != [], "the upstream has the call")
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await eventually(lambda: upstream.abandoned == 1, "the upstream is told")
    assert [code for code, _ in notes.ended] == [grpc.StatusCode.CANCELLED]


async def test_interceptors_see_and_may_change_the_trace(
    stub: Any, upstream: Upstream, notes: Notes
) -> None:
    await stub.GetMockUserData(REQUEST)
    with pytest.raises(grpc.aio.AioRpcError):
        await stub.GetMockUserData(user_pb2.UserName(name="refused"))
    assert [call.method for call in notes.begun] == [METHOD, METHOD]
    assert [code for code, _ in notes.ended] == [grpc.StatusCode.OK, grpc.StatusCode.NOT_FOUND]
    assert all(seconds > 0 for _, seconds in notes.ended)
    assert all(received["traceparent"] == TRACEPARENT[1] for received, _ in upstream.received)


async def test_interceptors_see_the_end_of_a_call_that_cannot_be_sent(
    address: str, notes: Notes
) -> None:
    channel = UpstreamChannel(grpc.aio.insecure_channel(address), LIMIT_SECONDS, [notes])
    stub: Any = user_pb2_grpc.MockUserDataServiceStub(cast("grpc.aio.Channel", channel))
    await channel.close()
    with pytest.raises(grpc.aio.UsageError):
        await stub.GetMockUserData(REQUEST)
    assert len(notes.begun) == 1
    assert [code for code, _ in notes.ended] == [grpc.StatusCode.UNKNOWN]


def test_a_transport_gets_all_arguments_of_a_stub() -> None:
    sent: dict[str, Any] = {}

    class Channel:
        def unary_unary(self, *_: Any) -> Any:
            return lambda _, **how: sent.update(how)

    call = UpstreamChannel(cast("grpc.aio.Channel", Channel()), 1.0).unary_unary(METHOD)
    credentials = grpc.access_token_call_credentials("token")
    call(REQUEST, credentials=credentials, compression=grpc.Compression.Gzip, wait_for_ready=False)
    assert (sent["credentials"], sent["compression"]) == (credentials, grpc.Compression.Gzip)
    assert not sent["wait_for_ready"]


class Tenant(UpstreamInterceptor):
    """Adds its name to each call's metadata."""

    def started(self, call: UpstreamCall) -> None:
        call.metadata += (("tenant", "a"),)


class Refusing(UpstreamInterceptor):
    """Refuses every call."""

    def started(self, call: UpstreamCall) -> None:
        raise RpcStatusError(grpc.StatusCode.PERMISSION_DENIED, "no")


async def test_an_interceptor_can_add_metadata(address: str, upstream: Upstream) -> None:
    channel = UpstreamChannel(grpc.aio.insecure_channel(address), LIMIT_SECONDS, [Tenant()])
    stub: Any = user_pb2_grpc.MockUserDataServiceStub(cast("grpc.aio.Channel", channel))
    await stub.GetMockUserData(REQUEST)
    ((metadata, _),) = upstream.received
    assert metadata["tenant"] == "a"
    await channel.close()


async def test_an_interceptor_can_keep_a_call_back(address: str, upstream: Upstream) -> None:
    channel = UpstreamChannel(grpc.aio.insecure_channel(address), LIMIT_SECONDS, [Refusing()])
    stub: Any = user_pb2_grpc.MockUserDataServiceStub(cast("grpc.aio.Channel", channel))
    with pytest.raises(RpcStatusError, match="no"):
        await stub.GetMockUserData(REQUEST)
    assert upstream.received == []
    await channel.close()


async def test_a_call_waits_for_an_upstream_that_is_away() -> None:
    channel = grpc.aio.insecure_channel("unix:socket-of-nobody")
    patient = UpstreamChannel(channel, 0.2)
    stub: Any = user_pb2_grpc.MockUserDataServiceStub(cast("grpc.aio.Channel", patient))
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await stub.GetMockUserData(REQUEST)
    await patient.close()
    # UNAVAILABLE would mean the call did not wait.
    assert raised.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
