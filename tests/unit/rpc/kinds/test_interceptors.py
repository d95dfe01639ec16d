"""A program's own interceptors, on both sides and for all kinds of RPC."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from contextvars import ContextVar
from typing import Any

from rpc.service import (
    Call,
    Outcome,
    Proceed,
    RpcStatusError,
    ServerInterceptor,
    UpstreamCall,
    UpstreamInterceptor,
)

import grpc
import pytest

from testing.metrics import metric
from testing.waiting import LIMIT_SECONDS
from tests.support.streams.servicers import Context, Streams, StreamsByContext
from tests.support.streams.streams_pb2 import Request, Response
from tests.support.streams.ways import (
    EVERY_KIND,
    EVERY_WAY,
    THROUGH_HOP,
    Way,
    begin,
    failure,
    has_requests,
    hop_of,
    responses,
    service_of,
)


class Notes(ServerInterceptor):
    """Records its calls."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def started(self, call: Call) -> None:
        self.told.append("started")

    def received(self, call: Call, request: Any) -> None:
        self.told.append(f"received {len(request.payload)}")

    def failed(self, call: Call, error: Exception) -> RpcStatusError | None:
        self.told.append(f"failed {type(error).__name__}")
        return None

    def finished(self, call: Call, outcome: Outcome) -> None:
        self.told.append(f"finished {outcome.code.name}")

    def closed(self, call: Call) -> None:
        self.told.append("closed")

    async def intercept(self, call: Call, request: Any, proceed: Proceed) -> Any:
        self.told.append("before")
        response = await proceed(request)
        self.told.append("after")
        return response


@EVERY_WAY
@EVERY_KIND
async def test_an_interceptor_sees_a_call_from_start_to_end(way: Way, kind: str) -> None:
    notes = Notes()
    async with way.to(service_of(Streams(), interceptors=[notes])) as path:
        await responses(begin(path.stub, kind, Request(payload=b"1"), Request(payload=b"22")))
    received = ["received 1", "received 2"] if has_requests(kind) else ["received 1"]
    # One request arrives before the servicer begins, a stream of them does not.
    begun = ["before", *received] if has_requests(kind) else [*received, "before"]
    assert notes.told == ["started", *begun, "after", "finished OK", "closed"]


@EVERY_WAY
@EVERY_KIND
async def test_an_interceptor_sees_a_failure(way: Way, kind: str) -> None:
    notes = Notes()
    async with way.to(service_of(Streams(), interceptors=[notes])) as path:
        await failure(begin(path.stub, kind, Request(exception="no")))
    assert notes.told[-3:] == ["failed KeyError", "finished INTERNAL", "closed"]


class Tidy(Streams):
    """Records its clean-up."""

    def __init__(self, told: list[str]) -> None:
        super().__init__()
        self._told = told

    async def ServerStream(self, request: Request, context: Context) -> AsyncIterator[Response]:
        try:
            while True:
                yield Response(payload=bytes(100_000))
        finally:
            self._told.append("tidied")
            self.let_go.set()


@EVERY_WAY
async def test_a_servicer_cleans_up_before_its_call_is_closed(way: Way) -> None:
    notes = Notes()
    servicer = Tidy(notes.told)
    async with way.to(service_of(servicer, interceptors=[notes])) as path:
        call = begin(path.stub, "ServerStream", Request())
        await call.read()
        call.cancel()
        await asyncio.wait_for(servicer.let_go.wait(), LIMIT_SECONDS)
    # The status of a cancelled call is known at once.
    assert sorted(notes.told[-3:-1]) == ["finished CANCELLED", "tidied"]
    assert notes.told[-1] == "closed"


class Refusing(ServerInterceptor):
    """Refuses requests of one size."""

    def received(self, call: Call, request: Any) -> None:
        if len(request.payload) == 3:
            raise RpcStatusError(grpc.StatusCode.OUT_OF_RANGE, "no three")


class Swallowing(Streams):
    """Treats a failure of its requests as their end."""

    async def ClientStream(
        self, request_iterator: AsyncIterator[Request], context: Context
    ) -> Response:
        try:
            return await super().ClientStream(request_iterator, context)
        except RpcStatusError:
            return Response()


@EVERY_WAY
@pytest.mark.parametrize("kind", ["ClientStream", "BidiStream"])
@pytest.mark.parametrize("style", [Streams, StreamsByContext, Swallowing])
@pytest.mark.parametrize("where", ["first", "last"])
async def test_a_refused_request_ends_its_stream(
    way: Way, kind: str, style: type[Streams], where: str
) -> None:
    refusing = [Refusing()]
    at_hop = way.through_hop and where == "first"
    last = service_of(style(), interceptors=[] if at_hop else refusing)
    async with way.to(last, hop_of(interceptors=refusing if at_hop else [])) as path:
        requests = [Request(payload=bytes(size), sizes=[1]) for size in (1, 2, 3, 4)]
        error = await failure(begin(path.stub, kind, *requests))
        assert (error.code(), error.details()) == (grpc.StatusCode.OUT_OF_RANGE, "no three")


class Doubling(ServerInterceptor):
    """Passes each request to the servicer twice."""

    async def intercept(self, call: Call, request: Any, proceed: Proceed) -> Any:
        return await proceed(self._twice(request) if hasattr(request, "__aiter__") else request)

    async def _twice(self, requests: AsyncIterator[Any]) -> AsyncIterator[Any]:
        async for request in requests:
            yield request
            yield request


@EVERY_WAY
async def test_an_interceptor_may_replace_the_requests(way: Way) -> None:
    async with way.to(service_of(Streams(), interceptors=[Doubling()])) as path:
        call = begin(path.stub, "ClientStream", Request(payload=b"1"), Request(payload=b"22"))
        assert await responses(call) == [Response(received=6)]


class UpstreamNotes(UpstreamInterceptor):
    """Records its calls, and prevents a call on demand.

    Attributes:
        told: the record.
        error: the error to raise.
    """

    def __init__(self, error: Exception | None = None) -> None:
        self.told: list[str] = []
        self.error = error

    def started(self, call: UpstreamCall) -> None:
        self.told.append(f"started {call.method}")
        if self.error is not None:
            raise self.error

    def finished(self, call: UpstreamCall, code: grpc.StatusCode, seconds: float) -> None:
        self.told.append(f"finished {code.name}")


@THROUGH_HOP
@EVERY_KIND
@pytest.mark.parametrize(
    "ask", [Request(sizes=[1]), Request(exception="no")], ids=["OK", "INTERNAL"]
)
async def test_an_upstream_interceptor_sees_a_call_once(way: Way, kind: str, ask: Request) -> None:
    notes = UpstreamNotes()
    async with way.to(Streams(), hop_of(upstream_interceptors=[notes])) as path:
        call = begin(path.stub, kind, ask)
        with suppress(grpc.aio.AioRpcError):
            await responses(call)
        code = await call.code()
    assert notes.told == [f"started /streams.StreamService/{kind}", f"finished {code.name}"]


@THROUGH_HOP
@EVERY_KIND
async def test_an_upstream_call_that_is_not_made(way: Way, kind: str) -> None:
    servicer, notes = Streams(), UpstreamNotes()
    error = RpcStatusError(grpc.StatusCode.RESOURCE_EXHAUSTED, "no more of these")
    hop = hop_of(upstream_interceptors=[notes, UpstreamNotes(error)])
    async with way.to(servicer, hop, metrics_address="127.0.0.1:0") as path:
        refused = await failure(begin(path.stub, kind, Request()))
        assert (refused.code(), refused.details()) == (error.code, error.message)
        in_flight = await asyncio.to_thread(
            metric, path.servers["hop"], "grpc_client_call_in_flight"
        )
        assert in_flight == 0
    assert notes.told[-1] == "finished RESOURCE_EXHAUSTED"
    assert not servicer.begun.is_set()


class Broken(ServerInterceptor, UpstreamInterceptor):
    """Fails in its observing methods."""

    def finished(self, *_: Any) -> None:
        raise KeyError("finished")

    def closed(self, call: Call) -> None:
        raise KeyError("closed")

    def started(self, call: Any) -> None:
        """Does nothing."""


@EVERY_WAY
@EVERY_KIND
async def test_a_broken_check_of_a_call_changes_nothing(way: Way, kind: str) -> None:
    last = service_of(Streams(), interceptors=[Broken()])
    hop = hop_of(interceptors=[Broken()], upstream_interceptors=[Broken()])
    async with way.to(last, hop) as path:
        for _ in range(2):
            assert len(await responses(begin(path.stub, kind, Request(sizes=[1])))) == 1


TENANT: ContextVar[str] = ContextVar("tenant", default="")


class Entering(ServerInterceptor):
    """Sets a context variable for the servicer, then raises by mistake."""

    def entering(self, call: Call) -> None:
        TENANT.set(TENANT.get() + "blue")
        raise RuntimeError("a mistake")


class Tenants(Streams):
    """Records the context variable of each call."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    async def _begin(self, context: Context) -> None:
        self.seen.append(TENANT.get())
        await super()._begin(context)


@EVERY_WAY
@EVERY_KIND
async def test_what_is_entered_is_the_calls_own_and_may_fail(way: Way, kind: str) -> None:
    servicer = Tenants()
    async with way.to(service_of(servicer, interceptors=[Entering()])) as path:
        for _ in range(2):
            await responses(begin(path.stub, kind, Request(sizes=[1])))
    assert servicer.seen == ["blue", "blue"]
