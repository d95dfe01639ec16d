"""Options of a channel, beyond its target and its credentials."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from wire.http2.limits import Limits

if TYPE_CHECKING:
    from collections.abc import Mapping

    import grpc


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelOptions:
    """Options of a channel. Times are in seconds."""

    service_config: str | Mapping[str, Any] | None = None
    """JSON, or what it stands for. A resolver does not change it."""
    authority: str | None = None
    """The `:authority` of calls. The target's by default."""
    server_name: str | None = None
    """The required name in the server's certificate. The target's host by default."""
    check_health: bool = True
    """Whether `healthCheckConfig` of the service config is followed."""
    compression: grpc.Compression | None = None
    """The default compression of messages. A call may choose its own."""
    user_agent: str = "grpc-python-wire/1.0"
    limits: Limits = field(default_factory=Limits)
    """What a server may make this side do, hold and wait for."""

    connect_timeout: float = 20.0
    """For one attempt to connect, until the server's SETTINGS are here."""
    initial_backoff: float = 0.1
    """From one attempt to connect to the next."""
    max_backoff: float = 0.5
    """Seconds of the longest pause, reached while attempts fail."""
    resolution_interval: float = 1.0
    """The least time from one look-up of a name to the next."""

    probe_interval: float | None = 0.5
    """A call silent for so long has its server pinged, twice at most. A server that does not
    respond within as long again gets no new calls until it does. None sends no pings."""
    keepalive_interval: float = 300.0
    """From one ping to the next while calls wait. Servers close connections that ping more often
    than every five minutes."""
    keepalive_timeout: float = 20.0
    """A ping not acknowledged for so long closes the connection."""
