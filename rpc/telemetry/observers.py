"""Which observers a server has: those, and only those, that its settings ask for."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rpc.interceptors.observation import Observer
from rpc.server.settings import ServerSettings
from rpc.telemetry.logs import CallLog
from rpc.upstream.propagation import UpstreamObserver

if TYPE_CHECKING:
    from rpc.telemetry.tracing import Tracing


class TracingError(Exception):
    """OpenTelemetry cannot be set up; the message says why."""


@dataclass(slots=True)
class Observers:
    """What is told of calls.

    Attributes:
        of_calls: are told of the calls that the server answers.
        of_upstream_calls: are told of the calls that it makes.
        metrics_address: where metrics are served; None for nowhere.
    """

    of_calls: list[Observer] = field(default_factory=list)
    of_upstream_calls: list[UpstreamObserver] = field(default_factory=list)
    metrics_address: str | None = None


@contextmanager
def observing(settings: ServerSettings) -> Iterator[Observers]:
    """Sets the observers up, and takes them down when the context is left.

    Raises:
        TracingError: OpenTelemetry's environment variables cannot be used.
        MetricsEndpointError: the metrics' address is taken or not this machine's.
    """
    observers = Observers()
    with ExitStack() as stack:
        if settings.otlp_endpoint is not None:
            _trace(stack, settings.name, settings.otlp_endpoint, observers)
        if settings.metrics_address is not None:
            _measure(stack, settings, settings.metrics_address, observers)
        # Last, so that a line bears the trace id that tracing gives to the call.
        observers.of_calls.append(CallLog(settings.name, settings.log_format))
        yield observers


# The imports stay inside: what is off costs neither start-up time nor memory.


def start_tracing(name: str, endpoint: str) -> "Tracing":
    """The observer that makes traces, of a server or a client.

    Args:
        name: what the program is called in them.
        endpoint: the collector, as `rpc.telemetry.tracing.Tracing` takes it.

    Raises:
        TracingError: OpenTelemetry's environment variables cannot be used.
    """
    from rpc.telemetry.tracing import Tracing

    try:
        return Tracing(name, endpoint)
    except Exception as error:  # of several kinds
        raise TracingError(f"cannot send traces: {error}; look at the OTEL_ variables") from error


def _trace(stack: ExitStack, name: str, endpoint: str, observers: Observers) -> None:
    tracing = start_tracing(name, endpoint)
    stack.callback(tracing.close)
    observers.of_calls.append(tracing)
    observers.of_upstream_calls.append(tracing)


def _measure(
    stack: ExitStack, settings: ServerSettings, address: str, observers: Observers
) -> None:
    from rpc.telemetry.metrics import Metrics
    from rpc.telemetry.metrics_endpoint import metrics_endpoint

    metrics = Metrics()
    endpoint = metrics_endpoint(metrics.registry, address, settings.tls)
    observers.metrics_address = stack.enter_context(endpoint)
    observers.of_calls.append(metrics)
    observers.of_upstream_calls.append(metrics)
