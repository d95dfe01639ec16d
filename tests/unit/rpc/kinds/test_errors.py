"""A failure's status and its log line, before and after the first response message."""

import asyncio
import sys
from collections.abc import AsyncIterator
from typing import Any

from rpc.service import Call, RpcStatusError, ServerInterceptor

import grpc
import pytest

from testing.metrics import metric
from testing.waiting import LIMIT_SECONDS
from tests.support.streams.log import call_lines
from tests.support.streams.servicers import Context, Streams, StreamsByContext
from tests.support.streams.streams_pb2 import Request, Response, Status
from tests.support.streams.streams_pb2_grpc import StreamServiceServicer
from tests.support.streams.ways import (
    DIRECT,
    EVERY_KIND,
    EVERY_WAY,
    THROUGH_HOP,
    Way,
    begin,
    failure,
    has_responses,
    responses,
    service_of,
)

STYLES = pytest.mark.parametrize("style", [Streams, StreamsByContext])
TEXT = "no such key: hunter2"


async def received_before(call: Any) -> tuple[int, grpc.aio.AioRpcError]:
    """The number of messages before the failure, and the failure."""
    received = 0
    try:
        async for _ in call:
            received += 1
    except grpc.aio.AioRpcError as error:
        return received, error
    pytest.fail("the call went well")


@EVERY_WAY
@EVERY_KIND
@STYLES
async def test_an_exceptions_text_stays_in_the_log(
    way: Way, kind: str, style: type[Streams], capsys: pytest.CaptureFixture[str]
) -> None:
    async with way.to(style(), log_format="json") as path:
        call = begin(path.stub, kind, Request(exception=TEXT), metadata=(("x-request-id", "r-7"),))
        error = await failure(call)
        servers = list(path.servers)
    assert error.code() is grpc.StatusCode.INTERNAL
    assert "r-7" in (error.details() or "")
    assert TEXT not in str(error)
    written = {line["service"]: line for line in call_lines(capsys)}
    assert sorted(written) == sorted(servers)
    assert TEXT in written["streams"]["diagnosis"]
    assert all(line["code"] == "INTERNAL" for line in written.values())


@EVERY_WAY
@pytest.mark.parametrize("kind", ["ServerStream", "BidiStream"])
@STYLES
async def test_an_exception_after_two_responses(
    way: Way, kind: str, style: type[Streams], capsys: pytest.CaptureFixture[str]
) -> None:
    async with way.to(style(), log_format="json") as path:
        call = begin(path.stub, kind, Request(sizes=[1, 1], exception=TEXT))
        received, error = await received_before(call)
    assert (received, error.code()) == (2, grpc.StatusCode.INTERNAL)
    assert TEXT not in str(error)
    for line in call_lines(capsys):
        assert (line["code"], line["requests"], line["responses"]) == ("INTERNAL", 1, 2)


@EVERY_WAY
@pytest.mark.parametrize("kind", ["ServerStream", "BidiStream"])
@STYLES
async def test_a_status_after_two_responses(way: Way, kind: str, style: type[Streams]) -> None:
    async with way.to(style()) as path:
        status = Status(code=grpc.StatusCode.DATA_LOSS.value[0], message="the rest is gone")
        call = begin(path.stub, kind, Request(sizes=[1, 1], status=status))
        received, error = await received_before(call)
    assert received == 2
    assert (error.code(), error.details()) == (grpc.StatusCode.DATA_LOSS, "the rest is gone")


@EVERY_WAY
@pytest.mark.parametrize("kind", ["ClientStream", "BidiStream"])
@STYLES
async def test_a_request_that_is_no_message(way: Way, kind: str, style: type[Streams]) -> None:
    async with way.to(style()) as path:
        shape: Any = (
            path.channel.stream_stream if has_responses(kind) else path.channel.stream_unary
        )
        method = shape(f"/streams.StreamService/{kind}")
        call = method(iter([Request().SerializeToString(), b"\xff"]), timeout=LIMIT_SECONDS)
        error = await failure(call)
    assert error.code() is grpc.StatusCode.INTERNAL
    assert error.details() == "the request is not a valid message of the method's type"


NOT_FOUND = grpc.StatusCode.NOT_FOUND


class Odd(StreamServiceServicer):
    """Ends a call by what a transport may be unable to send."""

    async def Unary(self, request: Request, context: Context) -> Response:
        end = getattr(self, request.payload.decode())
        await end(context)
        return Response()

    @staticmethod
    async def raises_text(_: Context) -> None:
        raise RpcStatusError(NOT_FOUND, "\udcff")

    @staticmethod
    async def raises_ok(_: Context) -> None:
        raise RpcStatusError(grpc.StatusCode.OK, "x")

    @staticmethod
    async def raises_text_for_bytes(_: Context) -> None:
        raise RpcStatusError(NOT_FOUND, "x", (("k-bin", "v"),))

    @staticmethod
    async def raises_text_in_trailers(_: Context) -> None:
        raise RpcStatusError(NOT_FOUND, "x", (("k", "\udcff"),))

    @staticmethod
    async def aborts_with_text(context: Context) -> None:
        await context.abort(NOT_FOUND, "\udcff")

    @staticmethod
    async def aborts_with_ok(context: Context) -> None:
        await context.abort(grpc.StatusCode.OK, "x")

    @staticmethod
    async def aborts_with_number(context: Any) -> None:
        await context.abort(5, "x")

    @staticmethod
    async def aborts_in_a_group(context: Context) -> None:
        async with asyncio.TaskGroup() as outer, asyncio.TaskGroup() as inner:
            outer.create_task(asyncio.Event().wait())
            inner.create_task(context.abort(NOT_FOUND, "x"))

    @staticmethod
    async def sets_number(context: Any) -> None:
        context.set_code(5)

    @staticmethod
    async def sets_text(context: Context) -> None:
        context.set_code(NOT_FOUND)
        context.set_details("\udcff")

    @staticmethod
    async def sets_text_of_ok(context: Context) -> None:
        context.set_details("\udcff")

    @staticmethod
    async def sets_text_for_bytes(context: Context) -> None:
        context.set_trailing_metadata((("k-bin", "v"),))

    @staticmethod
    async def sets_text_in_trailers(context: Context) -> None:
        context.set_trailing_metadata((("k", "\udcff"),))

    @staticmethod
    async def exits(_: Context) -> None:
        sys.exit(3)


@DIRECT
@pytest.mark.parametrize(
    ("end", "code"),
    [
        ("raises_text", NOT_FOUND),
        ("raises_ok", grpc.StatusCode.UNKNOWN),
        ("raises_text_for_bytes", NOT_FOUND),
        ("raises_text_in_trailers", NOT_FOUND),
        ("aborts_with_text", NOT_FOUND),
        ("aborts_with_ok", grpc.StatusCode.UNKNOWN),
        ("aborts_with_number", NOT_FOUND),
        ("aborts_in_a_group", NOT_FOUND),
        ("sets_number", NOT_FOUND),
        ("sets_text", NOT_FOUND),
        ("sets_text_of_ok", grpc.StatusCode.OK),
        ("sets_text_for_bytes", grpc.StatusCode.OK),
        ("sets_text_in_trailers", grpc.StatusCode.OK),
        ("exits", grpc.StatusCode.INTERNAL),
    ],
)
async def test_a_call_ends_by_whatever_status(
    way: Way, end: str, code: grpc.StatusCode, capsys: pytest.CaptureFixture[str]
) -> None:
    async with way.to(Odd(), log_format="json") as path:
        # Without a deadline: the call would last as long.
        call = path.stub.Unary(Request(payload=end.encode()))
        async with asyncio.timeout(LIMIT_SECONDS):
            assert await call.code() is code
    (line,) = call_lines(capsys)
    assert line["code"] == code.name


class Closed(ServerInterceptor):
    """Refuses every call."""

    def started(self, call: Call) -> None:
        raise RpcStatusError(grpc.StatusCode.PERMISSION_DENIED, "not you")


@EVERY_WAY
@EVERY_KIND
async def test_an_early_end_keeps_its_status(way: Way, kind: str) -> None:
    async with way.to(service_of(Streams(), interceptors=[Closed()])) as path:
        for _ in range(50):
            error = await failure(begin(path.stub, kind, *[Request(payload=bytes(1000))] * 20))
            assert error.code() is grpc.StatusCode.PERMISSION_DENIED
            assert error.details() == "not you"


class Cancelling(StreamServiceServicer):
    """Cancels the call to its upstream, and waits for it."""

    def __init__(self, streams: Any) -> None:
        self._streams = streams

    async def Unary(self, request: Request, context: Context) -> Response:
        response: Response = await self._cancelled(self._streams.Unary(request))
        return response

    async def ClientStream(self, request_iterator: Any, context: Context) -> Response:
        response: Response = await self._cancelled(self._streams.ClientStream(request_iterator))
        return response

    async def ServerStream(self, request: Request, context: Context) -> AsyncIterator[Response]:
        async for response in self._cancelled(self._streams.ServerStream(request)):
            yield response

    async def BidiStream(self, request_iterator: Any, context: Context) -> AsyncIterator[Response]:
        async for response in self._cancelled(self._streams.BidiStream(request_iterator)):
            yield response

    def _cancelled(self, call: Any) -> Any:
        asyncio.get_running_loop().call_soon(call.cancel)
        return call


@THROUGH_HOP
@EVERY_KIND
async def test_an_upstream_call_that_is_cancelled_here(way: Way, kind: str) -> None:
    async with way.to(Streams(), Cancelling) as path:
        error = await failure(begin(path.stub, kind, Request(hold=True)))
    assert error.code() is grpc.StatusCode.CANCELLED


class Unavailable(Streams):
    """Is unavailable at first.

    Attributes:
        attempts: number of calls so far.
    """

    def __init__(self, failures: int, after: int = 0) -> None:
        """Makes a servicer.

        Args:
            failures: the number of failing calls.
            after: the number of messages before a failure.
        """
        super().__init__()
        self.attempts = 0
        self._failures = failures
        self._after = after

    async def ServerStream(self, request: Request, context: Context) -> AsyncIterator[Response]:
        self.attempts += 1
        if self.attempts <= self._failures:
            for _ in range(self._after):
                yield Response()
            raise RpcStatusError(grpc.StatusCode.UNAVAILABLE, "not now")
        async for response in super().ServerStream(request, context):
            yield response

    async def BidiStream(self, request_iterator: Any, context: Context) -> AsyncIterator[Response]:
        async for request in request_iterator:
            async for response in self.ServerStream(request, context):
                yield response


@THROUGH_HOP
@pytest.mark.parametrize("kind", ["ServerStream", "BidiStream"])
async def test_a_stream_is_tried_again_before_a_response(way: Way, kind: str) -> None:
    servicer = Unavailable(failures=2)
    async with way.to(servicer, metrics_address="127.0.0.1:0") as path:
        assert len(await responses(begin(path.stub, kind, Request(sizes=[1])))) == 1
        retried = "grpc_server_call_retried_total"
        assert await asyncio.to_thread(metric, path.servers["streams"], retried) == 2
    assert servicer.attempts == 3


@THROUGH_HOP
@pytest.mark.parametrize("kind", ["ServerStream", "BidiStream"])
async def test_a_stream_is_not_tried_again_after_a_response(way: Way, kind: str) -> None:
    servicer = Unavailable(failures=1, after=1)
    async with way.to(servicer) as path:
        received, error = await received_before(begin(path.stub, kind, Request(sizes=[1])))
    assert (received, error.code()) == (1, grpc.StatusCode.UNAVAILABLE)
    assert servicer.attempts == 1
