"""An OpenTelemetry collector in the test's own process."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import grpc
from opentelemetry.proto.collector.metrics.v1 import (
    metrics_service_pb2,
    metrics_service_pb2_grpc,
)
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc

from testing.waiting import LIMIT_SECONDS, wait_until

SENT_AT_ONCE = {"OTEL_BSP_SCHEDULE_DELAY": "10"}
"""Environment in which a server sends its spans within 10 ms; by default it takes 5 s."""


@dataclass(frozen=True, slots=True)
class ReceivedSpan:
    """A span as a collector gets it.

    Attributes:
        service: name of the service that it comes from.
        name: the span's name.
        kind: OpenTelemetry's number for its kind: 2 for a server's, 3 for a client's.
        trace_id: in hexadecimal.
        span_id: in hexadecimal.
        parent_id: in hexadecimal, empty for a root.
        attributes: by name.
        failed: whether its status is an error.
        resource: what its sender says of itself, by name.
        schema_url: of the conventions that its attributes follow.
    """

    service: str
    name: str
    kind: int
    trace_id: str
    span_id: str
    parent_id: str
    attributes: dict[str, Any]
    failed: bool
    resource: dict[str, Any]
    schema_url: str


@dataclass(frozen=True, slots=True)
class ReceivedMetric:
    """A metric as a collector gets it.

    Attributes:
        resource: what its sender says of itself, by name.
        message: all of the metric, as OTLP has it.
    """

    resource: dict[str, Any]
    message: Any


class MetricsCollector(metrics_service_pb2_grpc.MetricsServiceServicer):
    """Keeps the metrics that it gets, the newest of each name."""

    def __init__(self) -> None:
        self.metrics: dict[str, ReceivedMetric] = {}

    def Export(
        self,
        request: metrics_service_pb2.ExportMetricsServiceRequest,
        context: grpc.ServicerContext,
    ) -> metrics_service_pb2.ExportMetricsServiceResponse:
        """Takes the metrics of a moment."""
        for of_resource in request.resource_metrics:
            resource = _attributes(of_resource.resource.attributes)
            for scope in of_resource.scope_metrics:
                for metric in scope.metrics:
                    self.metrics[metric.name] = ReceivedMetric(resource, metric)
        return metrics_service_pb2.ExportMetricsServiceResponse()


class Collector(trace_service_pb2_grpc.TraceServiceServicer):
    """Keeps the spans that it gets.

    Attributes:
        endpoint: where it is.
        spans: in the order in which they came.
        of_metrics: keeps metrics.
    """

    def __init__(self) -> None:
        self.endpoint = ""
        self.of_metrics = MetricsCollector()
        self.spans: list[ReceivedSpan] = []

    def Export(
        self,
        request: trace_service_pb2.ExportTraceServiceRequest,
        context: grpc.ServicerContext,
    ) -> trace_service_pb2.ExportTraceServiceResponse:
        """Takes a batch of spans."""
        for resource in request.resource_spans:
            sender = _attributes(resource.resource.attributes)
            for scope in resource.scope_spans:
                self.spans.extend(_received(sender, scope.schema_url, span) for span in scope.spans)
        return trace_service_pb2.ExportTraceServiceResponse()

    def wait_for_spans(self, count: int) -> list[ReceivedSpan]:
        """Waits until that many spans are there, and returns them all."""
        wait_until(lambda: len(self.spans) >= count, f"{count} spans have come")
        return list(self.spans)


@contextmanager
def collecting() -> Iterator[Collector]:
    """Runs a collector on a free port while the context is open."""
    collector = Collector()
    server = grpc.server(ThreadPoolExecutor())
    add = trace_service_pb2_grpc.add_TraceServiceServicer_to_server
    add(collector, server)  # type: ignore[no-untyped-call]  # generated without types
    add_metrics = metrics_service_pb2_grpc.add_MetricsServiceServicer_to_server
    add_metrics(collector.of_metrics, server)  # type: ignore[no-untyped-call]
    collector.endpoint = f"http://127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    try:
        yield collector
    finally:
        server.stop(grace=None).wait(LIMIT_SECONDS)


def _received(sender: dict[str, Any], schema_url: str, span: Any) -> ReceivedSpan:
    return ReceivedSpan(
        service=sender["service.name"],
        name=span.name,
        kind=span.kind,
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_id=span.parent_span_id.hex(),
        attributes=_attributes(span.attributes),
        failed=span.status.code == span.status.STATUS_CODE_ERROR,
        resource=sender,
        schema_url=schema_url,
    )


def _attributes(pairs: Any) -> dict[str, Any]:
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in pairs}
