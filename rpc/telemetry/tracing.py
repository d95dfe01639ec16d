"""OpenTelemetry traces: a span for each call served and each call made, sent over OTLP/gRPC.

Attributes follow OpenTelemetry's semantic conventions for RPC spans, in the version of
`otel_pipeline.SCHEMA_URL`. Without an endpoint nothing of this is loaded. The caller's trace
context and baggage reach the next hop all the same.
"""

import functools
import logging
from collections.abc import Mapping
from typing import Any

from rpc.core.address import endpoints, split_host_port
from rpc.core.call import Call, UpstreamCall
from rpc.core.metadata_keys import BAGGAGE
from rpc.core.outcome import Outcome
from rpc.core.trace_context import MOST_BAGGAGE_BYTES, TraceContext
from rpc.core.version import VERSION
from rpc.interceptors.interceptor import ServerInterceptor
from rpc.telemetry.log_pace import LogPace
from rpc.telemetry.otel_pipeline import SCHEMA_URL, SCOPE, Signal, channel_options, close, resource
from rpc.upstream.interceptor import UpstreamInterceptor

import grpc
from opentelemetry import baggage, trace
from opentelemetry.context import Context, attach, get_current
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.propagate import extract, inject
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.semconv._incubating.attributes import rpc_attributes
from opentelemetry.semconv.attributes.error_attributes import ERROR_TYPE
from opentelemetry.semconv.attributes.server_attributes import SERVER_ADDRESS, SERVER_PORT
from opentelemetry.trace import SpanKind, Status, StatusCode, Tracer
from opentelemetry.util.types import AttributeValue

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
_NOTHING: Mapping[str, AttributeValue] = {}
_SYSTEM = rpc_attributes.RpcSystemNameValues.GRPC.value


class Tracing:
    """Makes spans.

    Attributes:
        of_calls: makes those of the server's calls.
        of_upstream_calls: makes those of its calls to upstreams.
        signal: the spans still to be sent.
    """

    def __init__(self, service: str, endpoint: str) -> None:
        """Starts the exporter. It works on a thread of its own and drops unsendable spans.

        The provider becomes the process's, so an application's own spans are sent too. A provider
        set before by the application stays the process's.

        Args:
            service: the service's name in the traces.
            endpoint: the collector, as `http://host:4317` (plaintext) or `https://host:4317`.
        """
        options: Any = channel_options(endpoint)  # its annotation has text for values only
        exporter = OTLPSpanExporter(endpoint=endpoint, channel_options=options)
        provider = TracerProvider(resource=resource(service), shutdown_on_exit=False)
        provider.add_span_processor(BatchSpanProcessor(exporter))
        if isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
            trace.set_tracer_provider(provider)
        tracer = provider.get_tracer(SCOPE, VERSION, schema_url=SCHEMA_URL)
        self.of_calls = _CallSpans(tracer)
        self.of_upstream_calls = _UpstreamCallSpans(tracer)
        self.signal = Signal("spans", provider.shutdown, exporter.shutdown)

    def close(self) -> None:
        """Sends what is still to be sent, for a bounded time, and ends all threads."""
        close(self.signal)


class _CallSpans(ServerInterceptor):
    """A span for each served call, as a child of its caller's."""

    def __init__(self, tracer: Tracer) -> None:
        self._spans = _Spans(tracer)

    def started(self, call: Call) -> None:
        method = call.method.removeprefix("/")
        parent = extract(dict(call.trace_context), context=Context())
        context = self._spans.begin(method, SpanKind.SERVER, parent, known=call.known)
        if context is not None:
            call.attach(self, context)
            call.trace_context = _sent(context, call.trace_context)

    def entering(self, call: Call) -> None:
        if (context := call.attached(self)) is not None:
            attach(context)

    def finished(self, call: Call, outcome: Outcome) -> None:
        if (context := call.attached(self)) is not None:
            _end(context, outcome.code, failed=outcome.code in _SERVER_ERRORS)


class _UpstreamCallSpans(UpstreamInterceptor):
    """A span for each call to an upstream, as a child of the application's current one."""

    def __init__(self, tracer: Tracer) -> None:
        self._spans = _Spans(tracer)

    def started(self, call: UpstreamCall) -> None:
        parent = get_current()
        if not trace.get_current_span(parent).get_span_context().is_valid:
            parent = extract(dict(call.trace_context), context=parent)
        method = call.method.removeprefix("/")
        server = _server_attributes(call.target)
        context = self._spans.begin(method, SpanKind.CLIENT, parent, server)
        if context is not None:
            call.attachments = {self: context, **(call.attachments or {})}
            call.trace_context = _sent(context, call.trace_context)

    def finished(self, call: UpstreamCall, code: grpc.StatusCode, seconds: float) -> None:
        if (context := (call.attachments or {}).get(self)) is not None:
            _end(context, code, failed=code is not grpc.StatusCode.OK)


class _Spans:
    """Begins spans. What an application has given to the SDK may fail, and no call for it."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer
        self._pace = LogPace()

    def begin(
        self,
        method: str,
        kind: SpanKind,
        parent: Context,
        more: Mapping[str, AttributeValue] = _NOTHING,
        *,
        known: bool = True,
    ) -> Context | None:
        """Begins a span, and gives a context with it. None on failure."""
        try:
            span = self._tracer.start_span(
                method if known else _SYSTEM,
                context=parent,
                kind=kind,
                attributes={**_attributes(method, known=known), **more},
            )
        except Exception:
            if times := self._pace.count():
                _logger.exception("no span: a sampler or a span processor failed, times=%d", times)
            return None
        return trace.set_span_in_context(span, parent)


def _attributes(method: str, *, known: bool) -> dict[str, AttributeValue]:
    named: dict[str, AttributeValue] = {rpc_attributes.RPC_SYSTEM_NAME: _SYSTEM}
    if known:
        return {**named, rpc_attributes.RPC_METHOD: method}
    named[rpc_attributes.RPC_METHOD] = "_OTHER"
    return {**named, rpc_attributes.RPC_METHOD_ORIGINAL: method}


@functools.lru_cache
def _server_attributes(target: str) -> Mapping[str, AttributeValue]:
    """The address of an upstream. Of several replicas none, as the called one is unknown."""
    endpoint, *others = endpoints(target)
    if others or not endpoint:
        return _NOTHING
    if endpoint.startswith("unix:"):
        return {SERVER_ADDRESS: endpoint.removeprefix("unix:")}
    host, port = split_host_port(endpoint)
    return {SERVER_ADDRESS: host, SERVER_PORT: port}


def _sent(context: Context, received: TraceContext) -> TraceContext:
    """The metadata that carries a context to an upstream."""
    headers: dict[str, str] = {}
    inject(headers, context)
    if BAGGAGE in headers:
        headers[BAGGAGE] = _baggage(headers[BAGGAGE], context, received)
        # The next hop takes no more, and must not refuse the call for it.
        if len(headers[BAGGAGE]) > MOST_BAGGAGE_BYTES:
            del headers[BAGGAGE]
    return tuple(headers.items())


def _baggage(written: str, context: Context, received: TraceContext) -> str:
    """Baggage as it came, unless the application has changed it.

    The SDK writes it in a spelling of its own, and loses properties of values.
    """
    for key, value in received:
        if key == BAGGAGE:
            came = extract({BAGGAGE: value}, context=Context())
            return value if baggage.get_all(came) == baggage.get_all(context) else written
    return written


def _end(context: Context, code: grpc.StatusCode, *, failed: bool) -> None:
    span = trace.get_current_span(context)
    span.set_attribute(rpc_attributes.RPC_RESPONSE_STATUS_CODE, code.name)
    if failed:
        span.set_attribute(ERROR_TYPE, code.name)
        span.set_status(Status(StatusCode.ERROR))
    span.end()
