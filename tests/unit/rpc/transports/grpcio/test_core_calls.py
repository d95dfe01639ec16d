"""Invalid response messages fail their calls, for all kinds of RPC."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from rpc.transports.grpcio.core_calls import mend_calls
from rpc.transports.grpcio.texts import is_local, reason_of

import grpc
import pytest

from testing.channels import OWN_CONNECTION
from testing.waiting import LIMIT_SECONDS, eventually

KINDS = ("unary_unary", "unary_stream", "stream_unary", "stream_stream")


def parse(octets: bytes) -> str:
    if octets == b"bad":
        raise ValueError("a bad response")
    return octets.decode()


class Responder(grpc.GenericRpcHandler):
    """Any method of a server: the request contains the response messages."""

    def __init__(self) -> None:
        self.begun = self.cancelled = 0

    def service(self, _: grpc.HandlerCallDetails) -> Any:
        return grpc.stream_stream_rpc_method_handler(self._respond)

    async def _respond(self, requests: AsyncIterator[bytes], _: Any) -> AsyncIterator[bytes]:
        self.begun += 1
        try:
            async for request in requests:
                for response in request.split():
                    yield response
                if request.endswith(b" "):
                    await asyncio.Event().wait()
        except (asyncio.CancelledError, GeneratorExit):
            # The latter where the end comes while gRPC is about to send a response.
            self.cancelled += 1
            raise


@asynccontextmanager
async def calls(server: Responder | None = None) -> AsyncIterator[grpc.aio.Channel]:
    listening = grpc.aio.server(handlers=[server or Responder()])
    port = listening.add_insecure_port("127.0.0.1:0")
    await listening.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}", OWN_CONNECTION) as channel:
        yield mend_calls(channel)
    await listening.stop(0)


def begin(channel: grpc.aio.Channel, kind: str, request: bytes) -> Any:
    method = getattr(channel, kind)("/s/m", response_deserializer=parse)
    return method(iter([request]) if kind.startswith("stream") else request, timeout=LIMIT_SECONDS)


async def received(call: Any) -> list[str]:
    return [response async for response in call] if hasattr(call, "__aiter__") else [await call]


@pytest.mark.parametrize("kind", KINDS)
async def test_a_response_is_read(kind: str) -> None:
    async with calls() as channel:
        assert await received(begin(channel, kind, b"good")) == ["good"]


@pytest.mark.parametrize("kind", KINDS)
async def test_an_unreadable_response_fails_its_call(
    kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with calls() as channel:
        call = begin(channel, kind, b"bad")
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await received(call)
        assert await call.code() is grpc.StatusCode.INTERNAL
    assert caught.value.code() is grpc.StatusCode.INTERNAL
    assert is_local(caught.value)
    assert "a bad response" in (reason_of(caught.value) or "")
    # The loop's own errors are of gRPC's events for loops of earlier tests.
    assert [record for record in caplog.records if record.name != "asyncio"] == []


@pytest.mark.parametrize("kind", ["unary_unary", "stream_unary"])
async def test_an_ok_without_a_response_fails_its_call(kind: str) -> None:
    async with calls() as channel:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await received(begin(channel, kind, b""))
    assert reason_of(caught.value) == "the status is OK, but there is no response"


@pytest.mark.parametrize("kind", ["unary_stream", "stream_stream"])
async def test_the_server_need_not_send_the_rest(kind: str) -> None:
    server = Responder()
    async with calls(server) as channel:
        call = begin(channel, kind, b"good bad ")
        responses = aiter(call)
        assert await anext(responses) == "good"
        with pytest.raises(grpc.aio.AioRpcError):
            await anext(responses)
        await eventually(lambda: server.cancelled == 1, "the server is told")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("request_", "code"), [(b"good", "OK"), (b"bad", "INTERNAL")])
async def test_a_waiter_for_the_end_gets_the_status(kind: str, request_: bytes, code: str) -> None:
    heard: list[Any] = []
    async with calls() as channel:
        call = begin(channel, kind, request_)
        call.add_done_callback(heard.append)
        await asyncio.gather(received(call), return_exceptions=True)
        await eventually(lambda: bool(heard), "the callback")
        assert (await heard[-1].code()).name == code
        call.add_done_callback(heard.append)
        assert len(heard) >= 2


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("begun", [False, True])
async def test_waiters_notice_a_cancellation(kind: str, *, begun: bool) -> None:
    heard: list[Any] = []
    server = Responder()
    async with calls(server) as channel:
        call = begin(channel, kind, b" ")
        call.add_done_callback(heard.append)
        if begun:
            await eventually(lambda: server.begun == 1, "the server has the call")
        call.cancel()
        assert heard
        assert await call.code() is grpc.StatusCode.CANCELLED
        with pytest.raises(asyncio.CancelledError):
            await received(call)
