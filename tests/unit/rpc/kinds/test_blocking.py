"""Servicers without `async` run on threads: they may block, and use grpc's context methods."""

import threading
from collections.abc import Iterator
from typing import Any

from rpc.core.call import current_call

import grpc

from testing.waiting import LIMIT_SECONDS, eventually
from tests.support.streams.servicers import ECHO_INITIAL
from tests.support.streams.streams_pb2 import Request, Response
from tests.support.streams.streams_pb2_grpc import StreamServiceServicer
from tests.support.streams.ways import DIRECT, EVERY_KIND, EVERY_WAY, Way, begin, failure, responses


class Blocking(StreamServiceServicer):
    """Responds with the number of requests, from a thread, and aborts on demand.

    Attributes:
        closed: set once a generator has cleaned up.
        threads: the threads its methods ran on.
    """

    def __init__(self) -> None:
        self.closed = threading.Event()
        self.threads: set[int] = set()

    def Unary(self, request: Request, context: Any) -> Response:
        return Response(received=self._count([request], context))

    def ClientStream(self, request_iterator: Any, context: Any) -> Response:
        return Response(received=self._count(request_iterator, context))

    def ServerStream(self, request: Request, context: Any) -> Iterator[Response]:
        # Not a generator, but a function returning an iterator.
        received = self._count([request], context)
        return iter([Response(received=received)])

    def BidiStream(self, request_iterator: Any, context: Any) -> Iterator[Response]:
        try:
            for request in request_iterator:
                yield Response(received=self._count([request], context))
        finally:
            self.closed.set()

    def _count(self, requests: Any, context: Any) -> int:
        assert current_call.get() is not None
        self.threads.add(threading.get_ident())
        count = 0
        for request in requests:
            count += 1
            if request.status.code:
                context.abort(grpc.StatusCode.NOT_FOUND, request.status.message)
            if request.exception:
                raise KeyError(request.exception)
            if request.payload:
                context.send_initial_metadata(((ECHO_INITIAL, request.payload.decode()),))
        return count


@EVERY_WAY
@EVERY_KIND
async def test_it_responds_from_threads(way: Way, kind: str) -> None:
    servicer = Blocking()
    async with way.to(servicer) as path:
        received = [
            one.received for one in await responses(begin(path.stub, kind, Request(), Request()))
        ]
    assert received == {"ClientStream": [2], "BidiStream": [1, 1]}.get(kind, [1])
    assert threading.get_ident() not in servicer.threads


@EVERY_WAY
@EVERY_KIND
async def test_what_stands_behind_an_abort_does_not_run(way: Way, kind: str) -> None:
    async with way.to(Blocking()) as path:
        ask = Request(exception="it ran")
        ask.status.code, ask.status.message = 5, "not here"
        error = await failure(begin(path.stub, kind, ask))
    assert (error.code(), error.details()) == (grpc.StatusCode.NOT_FOUND, "not here")


@EVERY_WAY
@EVERY_KIND
async def test_its_exceptions_are_opaque(way: Way, kind: str) -> None:
    async with way.to(Blocking()) as path:
        error = await failure(begin(path.stub, kind, Request(exception="hunter2")))
    assert error.code() is grpc.StatusCode.INTERNAL
    assert "hunter2" not in str(error)


@DIRECT
@EVERY_KIND
async def test_it_sends_initial_metadata(way: Way, kind: str) -> None:
    async with way.to(Blocking()) as path:
        call = begin(path.stub, kind, Request(payload=b"here"))
        await responses(call)
        assert (ECHO_INITIAL, "here") in tuple(await call.initial_metadata())


@EVERY_WAY
async def test_its_generator_is_closed_when_the_caller_leaves(way: Way) -> None:
    servicer = Blocking()
    async with way.to(servicer) as path:
        call = path.stub.BidiStream(timeout=LIMIT_SECONDS)
        await call.write(Request())
        assert (await call.read()).received == 1
        call.cancel()
        await eventually(servicer.closed.is_set, "the generator is closed")
