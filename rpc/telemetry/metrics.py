"""Prometheus metrics of a process's calls, handled and made.

Names, labels and buckets follow gRFC A66 (gRPC's OpenTelemetry metrics) in Prometheus' spelling:
`grpc.server.call.duration` is `grpc_server_call_duration_seconds`, the label `grpc.method` is
`grpc_method`, without the leading slash. Ours are the gauges of calls in flight and of slots, the
counters of shed and repeated calls, the event loop's lag, and `grpc_client_call_started`. The last
one counts calls where A66 counts their attempts.
"""

from collections.abc import Iterable, Iterator

from rpc.core.call import Call, UpstreamCall
from rpc.core.metadata_keys import PREVIOUS_ATTEMPTS
from rpc.core.outcome import Outcome
from rpc.core.trace_context import TraceContext, sampled_ids
from rpc.interceptors.interceptor import ServerInterceptor
from rpc.interceptors.load_shedding import LoadShedding
from rpc.telemetry.log_sink import LogSink
from rpc.telemetry.shared_registry import SharedRegistry
from rpc.tls.expiry import CertificateExpiry
from rpc.upstream.interceptor import UpstreamInterceptor

import grpc
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

# gRFC A66's boundaries for latencies, in seconds.
_LATENCY_BUCKETS = (
    *(0.00001, 0.00005, 0.0001, 0.0003, 0.0006, 0.0008, 0.001, 0.002, 0.003, 0.004, 0.005, 0.006),
    *(0.008, 0.01, 0.013, 0.016, 0.02, 0.025, 0.03, 0.04, 0.05, 0.065, 0.08, 0.1, 0.13, 0.16, 0.2),
    *(0.25, 0.3, 0.4, 0.5, 0.65, 0.8, 1, 2, 5, 10, 20, 50, 100),
)

_LAG_BUCKETS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)

_METHOD = ("grpc_method",)
_METHOD_AND_STATUS = ("grpc_method", "grpc_status")


class Metrics:
    """The metrics of a process.

    Attributes:
        registry: holds them.
        of_calls: counts the server's calls.
        of_upstream_calls: counts its calls to upstreams.
        record_lag: takes the event loop's delay at a look, in seconds.
    """

    def __init__(self, expiry: CertificateExpiry, *, exemplars: bool = False) -> None:
        """Makes them.

        Args:
            expiry: knows how long certificates are valid.
            exemplars: name the trace of a call of such a duration, where it is sampled.
        """
        self.registry = SharedRegistry()
        self.registry.register(_CertificateMetrics(expiry))
        self.of_calls = _CallMetrics(self.registry, exemplars=exemplars)
        self.of_upstream_calls = _UpstreamCallMetrics(self.registry, exemplars=exemplars)
        self.registry.register(_LostLines())
        self._turned_away = Counter(
            "grpc_server_connections_turned_away",
            "Connections refused, or ended for what their peers did.",
            ("cause",),
            registry=self.registry,
        )
        self.record_lag = Histogram(
            "event_loop_lag_seconds",
            "How late the event loop is, by a look four times a second.",
            buckets=_LAG_BUCKETS,
            registry=self.registry,
        ).observe

    def count_turned_away(self, cause: str) -> None:
        """Counts a connection refused, or ended for its peer's behaviour."""
        self._turned_away.labels(cause).inc()

    def watch_slots(self, shedding: LoadShedding) -> None:
        """Adds the slots for calls, and how many calls found none."""
        self.registry.register(_Slots(shedding))


class _LostLines(Collector):
    """Asks the log how many of its lines are lost, when metrics are read."""

    def collect(self) -> Iterable[CounterMetricFamily]:
        text = "Lines of the log that could not be written."
        yield CounterMetricFamily("log_lines_lost", text, value=LogSink.lost_lines)


class _Slots(Collector):
    """Reads when it is asked, so no call pays for it."""

    def __init__(self, shedding: LoadShedding) -> None:
        self._shedding = shedding

    def collect(self) -> Iterator[Metric]:
        yield GaugeMetricFamily(
            "grpc_server_call_slots", "Calls handled at once at most.", self._shedding.slots
        )
        yield GaugeMetricFamily(
            "grpc_server_call_slots_taken", "Slots that calls hold.", self._shedding.taken
        )
        yield CounterMetricFamily(
            "grpc_server_call_shed", "Calls refused as no slot was free.", self._shedding.shed
        )


class _CallMetrics(ServerInterceptor):
    """Counts handled calls."""

    def __init__(self, registry: CollectorRegistry, *, exemplars: bool) -> None:
        what = "calls that this server handles"
        self._side = _Side("grpc_server_call", what, registry, exemplars=exemplars)
        # Without labels it is there from the start, so that a rate sees the first of them.
        self._retried = Counter(
            "grpc_server_call_retried",
            "Handled: calls that their caller had tried before.",
            registry=registry,
        )

    def started(self, call: Call) -> None:
        self._side.started(_label(call))

    def finished(self, call: Call, outcome: Outcome) -> None:
        self._side.finished(_label(call), outcome.code, outcome.seconds, call.trace_context)
        # Not at the start: metadata that cannot be read ends a call, which has to be known by then.
        if _is_retry(call):
            self._retried.inc()


class _UpstreamCallMetrics(UpstreamInterceptor):
    """Counts calls to an upstream."""

    def __init__(self, registry: CollectorRegistry, *, exemplars: bool) -> None:
        what = "calls to the upstream"
        self._side = _Side("grpc_client_call", what, registry, exemplars=exemplars)

    def started(self, call: UpstreamCall) -> None:
        self._side.started(call.method)

    def finished(self, call: UpstreamCall, code: grpc.StatusCode, seconds: float) -> None:
        self._side.finished(call.method, code, seconds, call.trace_context)


def _label(call: Call) -> str:
    # A66: else callers could fill the memory with names of their own.
    return call.method if call.known else "other"


class _CertificateMetrics(Collector):
    """Shows the remaining validity of each certificate in use, at each scrape."""

    def __init__(self, expiry: CertificateExpiry) -> None:
        self._expiry = expiry

    def collect(self) -> Iterator[Metric]:
        gauge = GaugeMetricFamily(
            "tls_certificate_seconds_left",
            "Time until a certificate in use expires, by its file. Below 0 it has.",
            labels=("file",),
        )
        for file, seconds in self._expiry.seconds_left().items():
            gauge.add_metric((file,), seconds)
        yield gauge


def _is_retry(call: Call) -> bool:
    metadata = call.context.invocation_metadata() or ()
    return any(key == PREVIOUS_ATTEMPTS for key, _ in metadata)


class _Side:
    """The metrics of one side, server or client."""

    def __init__(
        self, prefix: str, what: str, registry: CollectorRegistry, *, exemplars: bool
    ) -> None:
        self._exemplars = exemplars
        self._started = Counter(f"{prefix}_started", f"Begun: {what}.", _METHOD, registry=registry)
        self._in_flight = Gauge(f"{prefix}_in_flight", f"Open: {what}.", _METHOD, registry=registry)
        self._duration = Histogram(
            f"{prefix}_duration_seconds",
            f"Time from begin to status: {what}.",
            _METHOD_AND_STATUS,
            buckets=_LATENCY_BUCKETS,
            registry=registry,
        )

    def started(self, method: str) -> None:
        name = method.removeprefix("/")
        self._started.labels(name).inc()
        self._in_flight.labels(name).inc()

    def finished(
        self, method: str, code: grpc.StatusCode, seconds: float, trace: TraceContext
    ) -> None:
        name = method.removeprefix("/")
        self._in_flight.labels(name).dec()
        exemplar = _exemplar(trace) if self._exemplars else None
        self._duration.labels(name, code.name).observe(seconds, exemplar)


def _exemplar(trace: TraceContext) -> dict[str, str] | None:
    ids = sampled_ids(trace)
    return None if ids is None else {"trace_id": ids[0], "span_id": ids[1]}
