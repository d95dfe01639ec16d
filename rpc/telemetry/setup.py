"""Sets up what is recorded of calls: what the settings select, and nothing else."""

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rpc.core.errors import StartupError
from rpc.interceptors.interceptor import ServerInterceptor
from rpc.interceptors.load_shedding import LoadShedding
from rpc.telemetry.access_log import AccessLog
from rpc.telemetry.loop_lag import Record
from rpc.telemetry.otel_environment import (
    heed_environment,
    metrics_collector,
    traces_collector,
)
from rpc.telemetry.settings import TelemetrySettings
from rpc.telemetry.shed_calls import ShedCalls
from rpc.telemetry.turned_away_connections import TurnedAwayConnections
from rpc.telemetry.upstream_log import UpstreamLog
from rpc.tls.expiry import CertificateExpiry
from rpc.tls.files import ServerTls
from rpc.upstream.interceptor import UpstreamInterceptor
from rpc.upstream.watch import UpstreamObserver

if TYPE_CHECKING:
    from rpc.telemetry.otel_pipeline import Signal
    from rpc.telemetry.tracing import Tracing

    from prometheus_client import CollectorRegistry


_logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Telemetry:
    """What records calls.

    Attributes:
        access_log: writes a line for each call.
        of_calls: the server's calls. Outermost first.
        of_upstream_calls: its calls to upstreams.
        of_upstreams: the connections to its upstreams.
        turned_away_connections: connections refused, or ended for their peers' behaviour.
        shed_calls: calls refused before they are begun.
        metrics_address: where metrics are served; None for nowhere.
        watch_slots: is given the load shedding.
        record_lag: called with the event loop's lag. None where nobody records it.
    """

    access_log: AccessLog
    of_calls: list[ServerInterceptor] = field(default_factory=list)
    of_upstream_calls: list[UpstreamInterceptor] = field(default_factory=list)
    of_upstreams: list[UpstreamObserver] = field(default_factory=lambda: [UpstreamLog()])
    turned_away_connections: TurnedAwayConnections = field(default_factory=TurnedAwayConnections)
    shed_calls: ShedCalls = field(default_factory=ShedCalls)
    metrics_address: str | None = None
    watch_slots: Callable[[LoadShedding], None] = lambda _: None
    record_lag: Record | None = None


@contextmanager
def telemetry(
    name: str, settings: TelemetrySettings, tls: ServerTls | None, expiry: CertificateExpiry
) -> Iterator[Telemetry]:
    """Sets it up, and takes it down when the context is left.

    Args:
        name: what the server calls itself.
        settings: what is wanted.
        tls: the server's own, for the metrics too.
        expiry: knows how long certificates are valid, for the metrics.

    Raises:
        MetricsEndpointError: the metrics' address is taken or not this machine's.
        StartupError: the metrics cannot be kept.
        TlsError: the metrics cannot use the server's certificate or key.
        UsageError: nor the names of admitted readers. Or --log-level-file has no level.
    """
    made = Telemetry(AccessLog(name, settings.log_format, settings.read_log_level()))
    heed_environment()
    with ExitStack() as stack:
        signals: list[Signal] = []
        stack.callback(_close, signals)
        traced = _trace(signals, name, settings, made)
        collector = metrics_collector(settings.tracing.otlp_endpoint)
        if settings.metrics_address is not None or collector is not None:
            registry = _measure(made, expiry, exemplars=traced)
            _serve_metrics(stack, registry, settings, tls, made)
            _push_metrics(signals, registry, name, collector)
        # Innermost, so that a line bears the trace id that tracing gives to the call.
        made.of_calls.append(made.access_log)
        yield made


# The imports stay inside: what is off costs neither start-up time nor memory.


def start_tracing(name: str, endpoint: str | None) -> "Tracing | None":
    """Makes spans, in a server or a client. None where there is no collector, or no way to it.

    Args:
        name: what the program is called in them.
        endpoint: the collector, as `rpc.telemetry.tracing.Tracing` takes it.
    """
    if endpoint is None:
        return None
    from rpc.telemetry.tracing import Tracing

    try:
        return Tracing(name, endpoint)
    except Exception as error:  # noqa: BLE001  # of several kinds, none of which may stop a program
        _logger.warning("cannot send traces: %s; look at the OTEL_ variables", error)
        return None


def _trace(
    signals: "list[Signal]", name: str, settings: TelemetrySettings, made: Telemetry
) -> bool:
    tracing = start_tracing(name, traces_collector(settings.tracing.otlp_endpoint))
    if tracing is None:
        return False
    signals.append(tracing.signal)
    made.of_calls.append(tracing.of_calls)
    made.of_upstream_calls.append(tracing.of_upstream_calls)
    return True


def _close(signals: "list[Signal]") -> None:
    if signals:
        from rpc.telemetry.otel_pipeline import close

        close(*signals)


def _measure(made: Telemetry, expiry: CertificateExpiry, *, exemplars: bool) -> "CollectorRegistry":
    from rpc.telemetry.metrics import Metrics
    from rpc.telemetry.upstream_metrics import UpstreamMetrics

    try:
        metrics = Metrics(expiry, exemplars=exemplars)
    except OSError as error:
        # prometheus_client keeps them in files where its variable names a folder.
        raise StartupError(
            f"cannot keep metrics in PROMETHEUS_MULTIPROC_DIR: {error.strerror}; unset it, as each"
            " process has metrics of its own"
        ) from error
    made.turned_away_connections.count = metrics.count_turned_away
    made.of_calls.append(metrics.of_calls)
    made.of_upstream_calls.append(metrics.of_upstream_calls)
    made.watch_slots = metrics.watch_slots
    made.record_lag = metrics.record_lag
    made.of_upstreams.append(UpstreamMetrics(metrics.registry))
    return metrics.registry


def _serve_metrics(
    stack: ExitStack,
    registry: "CollectorRegistry",
    settings: TelemetrySettings,
    tls: ServerTls | None,
    made: Telemetry,
) -> None:
    if settings.metrics_address is None:
        return
    from rpc.telemetry.metrics_endpoint import metrics_endpoint

    allowed = settings.metrics_allowed_callers
    endpoint = metrics_endpoint(registry, settings.metrics_address, tls, allowed)
    made.metrics_address = stack.enter_context(endpoint)


def _push_metrics(
    signals: "list[Signal]", registry: "CollectorRegistry", name: str, collector: str | None
) -> None:
    if collector is None:
        return
    from rpc.telemetry.otlp_metrics import MetricsPush

    try:
        signals.append(MetricsPush(name, collector, registry).signal)
    except Exception as error:  # noqa: BLE001  # of several kinds, none of which may stop a program
        _logger.warning("cannot send metrics: %s; look at the OTEL_ variables", error)
