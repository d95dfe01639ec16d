"""OpenTelemetry traces: a span for each call answered and each call made, sent over OTLP/gRPC.

Attributes follow OpenTelemetry's semantic conventions for RPC spans. Without an endpoint nothing
of this is loaded; the trace context that a caller sent goes on to the next hop all the same.
"""

import logging
from threading import Thread

from rpc.core.call import Call, UpstreamCall
from rpc.core.outcome import Outcome
from rpc.core.trace_context import TraceContext
from rpc.interceptors.interceptor import ServerInterceptor
from rpc.upstream.interceptor import UpstreamInterceptor

import grpc
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

FLUSH_SECONDS = 2.0
"""How long a stopping server waits for the collector to take its last spans."""
STOP_SECONDS = 1.0
"""How long it waits after that for the exporter to give up, which takes milliseconds."""

_PROPAGATOR = TraceContextTextMapPropagator()

_logger = logging.getLogger(__name__)

# What the semantic conventions call an error on the server's side; on the client's every code
# but OK is one.
_SERVER_ERRORS = frozenset(
    {
        grpc.StatusCode.UNKNOWN,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.UNIMPLEMENTED,
        grpc.StatusCode.INTERNAL,
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DATA_LOSS,
    }
)


class Tracing:
    """Makes spans.

    Attributes:
        of_calls: makes those of the calls that the server answers.
        of_upstream_calls: makes those of the calls that it makes.
    """

    def __init__(self, service: str, endpoint: str) -> None:
        """Starts the exporter, which works on a thread of its own and drops what it cannot send.

        Args:
            service: the service's name in the traces.
            endpoint: the collector, as `http://host:4317` (plaintext) or `https://host:4317`.
        """
        resource = Resource.create({SERVICE_NAME: service})
        self._exporter = OTLPSpanExporter(endpoint=endpoint)
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(self._exporter))
        tracer = self._provider.get_tracer("rpc")
        self.of_calls = _CallSpans(tracer)
        self.of_upstream_calls = _UpstreamCallSpans(tracer)

    def close(self) -> None:
        """Sends what is still to be sent, for `FLUSH_SECONDS` at most, and ends all threads."""
        # Left to itself the SDK waits up to 30 s for a collector that is away.
        flushing = Thread(target=self._provider.shutdown, name="flush-traces", daemon=True)
        flushing.start()
        flushing.join(FLUSH_SECONDS)
        if flushing.is_alive():
            self._exporter.shutdown()
            _logger.warning("the last spans are lost: no answer from the collector")
            # A thread that is still inside gRPC while the interpreter ends can abort the process.
            flushing.join(STOP_SECONDS)


class _CallSpans(ServerInterceptor):
    """A span for each call that is answered, as a child of its caller's."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer

    def started(self, call: Call) -> None:
        span = _begin(self._tracer, call.method, SpanKind.SERVER, call.trace_context)
        call.attach(self, span)
        call.trace_context = _context_of(span)

    def finished(self, call: Call, outcome: Outcome) -> None:
        _end(call.attached(self), outcome.code, failed=outcome.code in _SERVER_ERRORS)


class _UpstreamCallSpans(UpstreamInterceptor):
    """A span for each call to an upstream."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer

    def started(self, call: UpstreamCall) -> None:
        span = _begin(self._tracer, call.method, SpanKind.CLIENT, call.trace_context)
        call.attachments = {self: span, **(call.attachments or {})}
        call.trace_context = _context_of(span)

    def finished(self, call: UpstreamCall, code: grpc.StatusCode, seconds: float) -> None:
        span: Span = (call.attachments or {})[self]
        _end(span, code, failed=code is not grpc.StatusCode.OK)


def _begin(tracer: Tracer, method: str, kind: SpanKind, parent: TraceContext) -> Span:
    service, _, name = method.removeprefix("/").partition("/")
    return tracer.start_span(
        f"{service}/{name}",
        context=_PROPAGATOR.extract(dict(parent)),
        kind=kind,
        attributes={"rpc.system": "grpc", "rpc.service": service, "rpc.method": name},
    )


def _context_of(span: Span) -> TraceContext:
    headers: dict[str, str] = {}
    _PROPAGATOR.inject(headers, set_span_in_context(span))
    return tuple(headers.items())


def _end(span: Span, code: grpc.StatusCode, *, failed: bool) -> None:
    span.set_attribute("rpc.grpc.status_code", code.value[0])
    if failed:
        span.set_status(Status(StatusCode.ERROR))
    span.end()
