"""Deadlines and cancellation pass along the chain, for every kind of RPC."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

from rpc.core.call import current_call

import grpc
import pytest

from testing.waiting import LIMIT_SECONDS
from tests.support.streams.servicers import Context, Forwarding, Streams
from tests.support.streams.streams_pb2 import Request, Response
from tests.support.streams.streams_pb2_grpc import StreamServiceServicer
from tests.support.streams.ways import (
    EVERY_KIND,
    EVERY_WAY,
    THROUGH_HOP,
    Way,
    begin,
    failure,
    responses,
)


class Asking(Streams):
    """Records the remaining time of a call.

    Attributes:
        remaining: seconds. None without a deadline.
    """

    remaining: float | None = None

    async def _begin(self, context: Context) -> None:
        self.remaining = context.time_remaining()
        await super()._begin(context)


@EVERY_WAY
@EVERY_KIND
async def test_the_deadline_reaches_the_last_servicer(way: Way, kind: str) -> None:
    servicer = Asking()
    async with way.to(servicer) as path:
        await responses(begin(path.stub, kind, Request(), timeout=20))
    assert servicer.remaining is not None
    assert 10 < servicer.remaining < 20.5


@THROUGH_HOP
@EVERY_KIND
async def test_a_call_without_a_deadline_gets_one_upstream(way: Way, kind: str) -> None:
    servicer = Streams()
    async with way.to(servicer, of_hop={"default_timeout": 0.3}) as path:
        # On a busy machine the time may be over before the call is there.
        while not servicer.holding.is_set():
            error = await failure(begin(path.stub, kind, Request(hold=True), timeout=None))
            assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        await asyncio.wait_for(servicer.let_go.wait(), LIMIT_SECONDS)


class Impatient(Forwarding):
    """Gives its upstream a shorter deadline than its own."""

    async def Unary(self, request: Request, context: Context) -> Response:
        response: Response = await self._streams.Unary(request, timeout=0.3)
        return response

    async def ServerStream(self, request: Request, context: Context) -> AsyncIterator[Response]:
        async for response in self._streams.ServerStream(request, timeout=0.3):
            yield response


@THROUGH_HOP
@pytest.mark.parametrize("kind", ["Unary", "ServerStream"])
async def test_a_servicer_may_give_its_upstream_less_time(way: Way, kind: str) -> None:
    async with way.to(Streams(), Impatient) as path:
        error = await failure(begin(path.stub, kind, Request(hold=True)))
        assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED


class Generous(Forwarding):
    """Gives its upstream a longer deadline than its own."""

    async def Unary(self, request: Request, context: Context) -> Response:
        response: Response = await self._streams.Unary(request, timeout=600)
        return response


@THROUGH_HOP
async def test_a_servicer_gives_its_upstream_no_more_time(way: Way) -> None:
    servicer = Asking()
    async with way.to(servicer, Generous) as path:
        await responses(begin(path.stub, "Unary", Request(), timeout=20))
    assert servicer.remaining is not None
    assert servicer.remaining < 20.5


class Leaving(StreamServiceServicer):
    """Begins a call of some kind to its upstream, and answers without its result."""

    def __init__(self, streams: Any, kind: str, until: asyncio.Event) -> None:
        self._streams = streams
        self._kind = kind
        self._until = until

    async def Unary(self, request: Request, context: Context) -> Response:
        call = begin(self._streams, self._kind, Request(hold=True))
        await asyncio.wait_for(self._until.wait(), LIMIT_SECONDS)
        assert not call.done()
        return Response()


@THROUGH_HOP
@EVERY_KIND
async def test_an_upstream_call_ends_with_its_call(way: Way, kind: str) -> None:
    servicer = Streams()
    leaving = partial(Leaving, kind=kind, until=servicer.holding)
    async with way.to(servicer, leaving) as path:
        assert await responses(begin(path.stub, "Unary", Request())) == [Response()]
        await asyncio.wait_for(servicer.let_go.wait(), LIMIT_SECONDS)


class Counting(Forwarding):
    """Makes many calls to its upstream. Responds with the number it still holds."""

    async def Unary(self, request: Request, context: Context) -> Response:
        for _ in range(100):
            await responses(self._streams.ServerStream(Request(sizes=[1])))
            await responses(self._streams.Unary(Request()))
        call = current_call.get()
        assert call is not None
        return Response(received=len(call.upstream_calls or ()))


@THROUGH_HOP
async def test_upstream_calls_that_are_over_are_forgotten(way: Way) -> None:
    async with way.to(Streams(), Counting) as path:
        (response,) = await responses(begin(path.stub, "Unary", Request()))
        assert response.received < 100
