"""Metrics of the connections to upstreams. Their names are ours: gRFC A66 has none for them."""

from collections.abc import Iterator

from rpc.upstream.watch import UpstreamObserver, UpstreamWatch

import grpc
from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector


class UpstreamMetrics(UpstreamObserver, Collector):
    """Reads the state of each upstream at each scrape."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._upstreams: list[UpstreamWatch] = []
        registry.register(self)

    def watched(self, upstream: UpstreamWatch) -> None:
        """Has samples for one more."""
        self._upstreams.append(upstream)

    def collect(self) -> Iterator[Metric]:
        """What Prometheus reads."""
        state = GaugeMetricFamily(
            "grpc_client_connection_state",
            "1 for the state that the connection to an upstream is in.",
            labels=("upstream", "state"),
        )
        reconnects = CounterMetricFamily(
            "grpc_client_reconnects",
            "How often an upstream was ready again after it was not.",
            labels=("upstream",),
        )
        waiting = GaugeMetricFamily(
            "grpc_client_calls_waiting",
            "Calls that wait for the connection to an upstream.",
            labels=("upstream",),
        )
        for upstream in self._upstreams:
            for each in grpc.ChannelConnectivity:
                state.add_metric((upstream.name, each.name), float(upstream.state is each))
            reconnects.add_metric((upstream.name,), upstream.reconnects)
            waiting.add_metric((upstream.name,), upstream.waiting)
        yield from (state, reconnects, waiting)
