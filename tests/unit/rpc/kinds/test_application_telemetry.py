"""A servicer's own spans and baggage join its call's trace, whatever the kind of RPC."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

from rpc.core.errors import RpcStatusError

import grpc
import pytest
from opentelemetry import baggage, context, trace
from opentelemetry.sdk.trace import Span, SpanProcessor, TracerProvider
from opentelemetry.util._once import Once

from testing.collector import SENT_AT_ONCE, Collector, ReceivedSpan, collecting
from tests.support.streams.servicers import Context, Forwarding, Streams
from tests.support.streams.streams_pb2 import Request, Response
from tests.support.streams.streams_pb2_grpc import StreamServiceServicer
from tests.support.streams.ways import (
    DIRECT,
    EVERY_KIND,
    THROUGH_HOP,
    Way,
    begin,
    has_requests,
    responses,
    service_of,
)

REQUEST = Request(sizes=[1])
OWN = trace.get_tracer("application")
SERVER, CLIENT = 2, 3


class OwnSpans(Forwarding):
    """Opens a span around each call to its upstream."""

    async def Unary(self, request: Request, context: Context) -> Response:
        with OWN.start_as_current_span("own"):
            return await super().Unary(request, context)

    async def ClientStream(
        self, request_iterator: AsyncIterator[Request], context: Context
    ) -> Response:
        with OWN.start_as_current_span("own"):
            return await super().ClientStream(request_iterator, context)

    async def ServerStream(self, request: Request, context: Context) -> AsyncIterator[Response]:
        with OWN.start_as_current_span("own"):
            async for response in super().ServerStream(request, context):
                yield response

    async def BidiStream(
        self, request_iterator: AsyncIterator[Request], context: Context
    ) -> AsyncIterator[Response]:
        with OWN.start_as_current_span("own"):
            async for response in super().BidiStream(request_iterator, context):
                yield response


class OwnSpansOnThreads(StreamServiceServicer):
    """Blocks inside a span."""

    def Unary(self, request: Request, context: Any) -> Response:
        return self._response()

    def ClientStream(self, request_iterator: Any, context: Any) -> Response:
        for _ in request_iterator:
            pass
        return self._response()

    def ServerStream(self, request: Request, context: Any) -> Iterator[Response]:
        yield self._response()

    def BidiStream(self, request_iterator: Any, context: Any) -> Iterator[Response]:
        for _ in request_iterator:
            yield self._response()

    @staticmethod
    def _response() -> Response:
        with OWN.start_as_current_span("own"):
            return Response()


class Flaky(Streams):
    """Fails its first call."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0

    async def Unary(self, request: Request, context: Context) -> Response:
        self.calls += 1
        with OWN.start_as_current_span("own"):
            if self.calls == 1:
                raise RpcStatusError(grpc.StatusCode.UNAVAILABLE, "not yet")
            return await super().Unary(request, context)


class Baggage(Streams):
    """Keeps the baggage of the last call."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: dict[str, object] = {}
        self.sent: Any = None

    async def Unary(self, request: Request, context: Context) -> Response:
        self.seen = dict(baggage.get_all())
        self.sent = dict(context.invocation_metadata() or ()).get("baggage")
        return await super().Unary(request, context)


class AddsBaggage(Forwarding):
    """Adds a baggage member for its upstream, as long as the request."""

    async def Unary(self, request: Request, context: Context) -> Response:
        attach_baggage("user", "u 1" + "u" * len(request.payload))
        return await super().Unary(request, context)


def attach_baggage(name: str, value: str) -> None:
    context.attach(baggage.set_baggage(name, value))


@pytest.fixture(autouse=True)
def no_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process has one provider. Each test here stands for a process."""
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", None)
    monkeypatch.setattr(trace, "_TRACER_PROVIDER_SET_ONCE", Once())
    monkeypatch.setattr(OWN, "_real_tracer", None)
    for name, value in SENT_AT_ONCE.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as collector:
        yield collector


async def spans(collector: Collector, count: int) -> list[ReceivedSpan]:
    return await asyncio.to_thread(collector.wait_for_spans, count)


def requests(kind: str) -> list[Request]:
    return [REQUEST] * (2 if has_requests(kind) else 1)


@THROUGH_HOP
@EVERY_KIND
async def test_own_spans_stand_between_the_calls(way: Way, kind: str, collector: Collector) -> None:
    async with way.to(Streams(), OwnSpans, otlp_endpoint=collector.endpoint) as path:
        await responses(begin(path.stub, kind, *requests(kind)))
        received = await spans(collector, 4)
    by_id = {span.span_id: span for span in received}
    span = next(span for span in received if span.service == "streams" and span.kind == SERVER)
    line = []
    while span.parent_id:
        span = by_id[span.parent_id]
        line.append((span.name, span.kind))
    method = f"streams.StreamService/{kind}"
    assert line == [(method, CLIENT), ("own", 1), (method, SERVER)]


@DIRECT
@EVERY_KIND
async def test_own_spans_on_threads_are_children_of_their_call(
    way: Way, kind: str, collector: Collector
) -> None:
    async with way.to(OwnSpansOnThreads(), otlp_endpoint=collector.endpoint) as path:
        await responses(begin(path.stub, kind, REQUEST))
        received = await spans(collector, 2)
    (call,) = (span for span in received if span.kind == SERVER)
    assert [span.parent_id for span in received if span.name == "own"] == [call.span_id]


@THROUGH_HOP
async def test_each_attempt_has_a_span_below_the_call_that_is_retried(
    way: Way, collector: Collector
) -> None:
    async with way.to(Flaky(), otlp_endpoint=collector.endpoint) as path:
        await responses(begin(path.stub, "Unary", REQUEST))
        received = await spans(collector, 6)
    (sent,) = (span for span in received if span.kind == CLIENT)
    attempts = [span for span in received if span.parent_id == sent.span_id]
    own = [span for span in received if span.name == "own"]
    codes = [span.attributes["rpc.response.status_code"] for span in attempts]
    assert codes == ["UNAVAILABLE", "OK"]
    assert [span.parent_id for span in own] == [span.span_id for span in attempts]


@DIRECT
async def test_two_calls_do_not_see_each_others_spans(way: Way, collector: Collector) -> None:
    async with way.to(OwnSpansOnThreads(), otlp_endpoint=collector.endpoint) as path:
        for _ in range(2):
            await responses(begin(path.stub, "Unary", REQUEST))
        received = await spans(collector, 4)
    assert len({span.trace_id for span in received}) == 2


@THROUGH_HOP
@pytest.mark.parametrize("traced", [True, False])
async def test_baggage_travels_as_it_came(way: Way, *, traced: bool, collector: Collector) -> None:
    servicer = Baggage()
    sent = "tenant=blue;sticky, note = a%20b"
    options: dict[str, Any] = {"otlp_endpoint": collector.endpoint} if traced else {}
    async with way.to(servicer, **options) as path:
        await responses(begin(path.stub, "Unary", REQUEST, metadata=(("baggage", sent),)))
    assert servicer.sent == sent
    assert servicer.seen == ({"tenant": "blue;sticky", "note": "a b"} if traced else {})


@THROUGH_HOP
async def test_baggage_of_a_servicer_goes_along(way: Way, collector: Collector) -> None:
    servicer = Baggage()
    async with way.to(servicer, AddsBaggage, otlp_endpoint=collector.endpoint) as path:
        await responses(begin(path.stub, "Unary", REQUEST, metadata=(("baggage", "tenant=blue"),)))
    assert servicer.seen == {"tenant": "blue", "user": "u 1"}


@THROUGH_HOP
async def test_baggage_of_a_servicer_past_the_limit_costs_no_call(
    way: Way, collector: Collector
) -> None:
    servicer = Baggage()
    async with way.to(servicer, AddsBaggage, otlp_endpoint=collector.endpoint) as path:
        await responses(begin(path.stub, "Unary", Request(sizes=[1], payload=bytes(7000))))
    assert servicer.sent is None


@THROUGH_HOP
@pytest.mark.parametrize("traced", [True, False])
async def test_baggage_past_its_limit_costs_no_call(
    way: Way, *, traced: bool, collector: Collector
) -> None:
    servicer = Baggage()
    options: dict[str, Any] = {"otlp_endpoint": collector.endpoint} if traced else {}
    async with way.to(servicer, **options) as path:
        metadata = (("baggage", "a=" + "1" * 5000),)
        await responses(begin(path.stub, "Unary", REQUEST, metadata=metadata))
    assert servicer.sent is None


class Broken(SpanProcessor):
    """An application's span processor with a mistake in it."""

    def on_start(self, span: Span, parent_context: Any = None) -> None:
        raise RuntimeError("a mistake")


@THROUGH_HOP
@EVERY_KIND
async def test_a_span_processor_that_fails_costs_no_call(
    way: Way, kind: str, collector: Collector, caplog: pytest.LogCaptureFixture
) -> None:
    class AddsProcessor(Forwarding):
        def __init__(self, streams: Any) -> None:
            super().__init__(streams)
            provider = trace.get_tracer_provider()
            assert isinstance(provider, TracerProvider)
            provider.add_span_processor(Broken())

    async with way.to(Streams(), AddsProcessor, otlp_endpoint=collector.endpoint) as path:
        for _ in range(3):
            await responses(begin(path.stub, kind, *requests(kind)))
    told = [record for record in caplog.records if record.getMessage().startswith("no span")]
    assert len(told) == 1


async def test_a_provider_of_the_application_stays(collector: Collector) -> None:
    own = TracerProvider()
    trace.set_tracer_provider(own)
    way = Way("wire", through_hop=False)
    service = service_of(OwnSpansOnThreads())
    async with way.to(service, otlp_endpoint=collector.endpoint) as path:
        await responses(begin(path.stub, "Unary", REQUEST))
        (call,) = await spans(collector, 1)
    assert trace.get_tracer_provider() is own
    assert call.kind == SERVER
