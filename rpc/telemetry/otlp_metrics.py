"""Sends metrics to an OTLP/gRPC collector, where `OTEL_METRICS_EXPORTER=otlp` selects it.

They are those of `/metrics`, and those of an application's own OpenTelemetry instruments.
"""

from collections.abc import Iterator
from time import monotonic
from typing import Any

from rpc.core.version import VERSION
from rpc.telemetry.otel_pipeline import SCHEMA_URL, SCOPE, Signal, channel_options, resource
from rpc.telemetry.otlp_points import otlp_metrics

from opentelemetry import metrics
from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter
from opentelemetry.metrics import CallbackOptions, Observation
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import (
    MetricExportResult,
    MetricsData,
    PeriodicExportingMetricReader,
    ResourceMetrics,
    ScopeMetrics,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from prometheus_client import CollectorRegistry


class MetricsPush:
    """Sends the metrics of a registry again and again, on a thread of its own.

    Attributes:
        signal: the last of them.
    """

    def __init__(self, service: str, endpoint: str, registry: CollectorRegistry) -> None:
        """Starts. The provider becomes the process's, unless the application has set one.

        Args:
            service: the service's name in the metrics.
            endpoint: the collector, as `http://host:4317` (plaintext) or `https://host:4317`.
            registry: what is sent.
        """
        sender = resource(service)
        exporter = _Exporter(endpoint, registry, sender)
        reader = PeriodicExportingMetricReader(exporter)
        provider = MeterProvider([reader], sender, shutdown_on_exit=False)
        if not isinstance(metrics.get_meter_provider(), MeterProvider):
            metrics.set_meter_provider(provider)
        # The SDK exports nothing before there is an instrument of its own.
        meter = provider.get_meter(SCOPE, VERSION, SCHEMA_URL)
        meter.create_observable_gauge("process.uptime", [_uptime()], unit="s")
        self.signal = Signal("metrics", provider.shutdown, exporter.shutdown)


class _Exporter(OTLPMetricExporter):
    """Adds the metrics of a registry to those of the SDK."""

    def __init__(self, endpoint: str, registry: CollectorRegistry, sender: Resource) -> None:
        options: Any = channel_options(endpoint)  # its annotation has text for values only
        super().__init__(endpoint, channel_options=options)
        self._registry = registry
        self._sender = sender

    def export(
        self, metrics_data: MetricsData, timeout_millis: float = 10_000, **kwargs: Any
    ) -> MetricExportResult:
        """Sends both. The encoder takes one entry of a resource, and one of a scope in it."""
        of_sdk = [one for part in metrics_data.resource_metrics for one in part.scope_metrics]
        scopes = [*of_sdk, self._collected()]
        all_of_them = ResourceMetrics(self._sender, scopes, self._sender.schema_url)
        return super().export(MetricsData([all_of_them]), timeout_millis, **kwargs)

    def _collected(self) -> ScopeMetrics:
        found = list(otlp_metrics(self._registry.collect()))
        return ScopeMetrics(InstrumentationScope(SCOPE, VERSION), found, "")


def _uptime() -> Any:
    begun = monotonic()

    def observe(_: CallbackOptions) -> Iterator[Observation]:
        yield Observation(monotonic() - begun)

    return observe
