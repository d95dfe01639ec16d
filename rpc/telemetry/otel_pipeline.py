"""What all signals of OpenTelemetry have in common: who sends them, and how."""

import logging
from collections.abc import Callable, Sequence
from threading import Thread
from time import monotonic
from typing import NamedTuple

from rpc.core.address import is_loopback
from rpc.core.version import VERSION

from opentelemetry.sdk.resources import (
    SERVICE_NAME,
    SERVICE_VERSION,
    OTELResourceDetector,
    Resource,
)
from opentelemetry.semconv.schemas import Schemas

FLUSH_SECONDS = 2.0
"""How long a stopping server waits for the collector to take the last of a signal."""
STOP_SECONDS = 1.0
"""How long it then waits for the exporter to give up. Giving up takes milliseconds."""

SCOPE = "rpc"
"""Name of what makes our signals, in them."""

SCHEMA_URL = Schemas.V1_44_0.value
"""The semantic conventions of our signals."""

_logger = logging.getLogger(__name__)


def resource(service: str) -> Resource:
    """The sender of the signals: the service and its version, unless the environment differs."""
    ours = {SERVICE_NAME: service, SERVICE_VERSION: VERSION}
    return Resource.create({**ours, **OTELResourceDetector().detect().attributes})


def channel_options(endpoint: str) -> tuple[tuple[str, int], ...]:
    """Options of the channel to a collector.

    gRPC would ask the proxy of `HTTP_PROXY` for this machine's own collector.
    """
    target = endpoint.partition("://")[2].partition("/")[0]
    return (("grpc.enable_http_proxy", 0),) if is_loopback(target) else ()


class Signal(NamedTuple):
    """One signal, such as traces, on its way to the collector.

    Attributes:
        what: is sent, in the log's words.
        flush: sends the rest of it, and ends its threads.
        give_up: makes `flush` end.
    """

    what: str
    flush: Callable[[], object]
    give_up: Callable[[], object]


def close(*signals: Signal) -> None:
    """Sends what is still to be sent, for `FLUSH_SECONDS` at most, and ends all threads.

    Left to itself the SDK waits up to 30 s for an absent collector.
    """
    flushing = [
        Thread(target=signal.flush, name=f"flush-{signal.what}", daemon=True) for signal in signals
    ]
    for thread in flushing:
        thread.start()
    _join(flushing, FLUSH_SECONDS)
    for thread, signal in zip(flushing, signals, strict=True):
        if thread.is_alive():
            signal.give_up()
            _logger.warning("the last %s are lost: no response from the collector", signal.what)
    # A thread that is still inside gRPC while the interpreter ends can abort the process.
    _join(flushing, STOP_SECONDS)


def _join(threads: Sequence[Thread], seconds: float) -> None:
    end = monotonic() + seconds
    for thread in threads:
        thread.join(max(end - monotonic(), 0.0))
