"""Channels to an upstream: one per process, made once, patient while the upstream is away."""

from dataclasses import dataclass

from rpc.core.address import AddressError, is_loopback, parse_target
from rpc.tls.credentials import ChannelTls, channel_credentials
from rpc.upstream.service_config import service_config

import grpc

KEEPALIVE_SECONDS = 300
"""The shortest interval between pings that a server with gRPC's default limits puts up with."""

KEEPALIVE_TIMEOUT_SECONDS = 20
"""How long an unanswered ping, or unacknowledged data, keeps a dead connection alive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelSettings:
    """Where an upstream is and how it is spoken to.

    Attributes:
        target: a gRPC target; several addresses share the calls between them.
        tls: None for plaintext.
        insecure: plaintext is wanted even where the target is on another machine.
    """

    target: str
    tls: ChannelTls | None = None
    insecure: bool = False


def open_channel(
    settings: ChannelSettings, service: str, *, check_health: bool = True
) -> grpc.aio.Channel:
    """Opens a channel for the calls of one service; it connects when the first call needs it.

    Args:
        settings: where to and how.
        service: full name of the service, as in `user.Orchestrator2Service`.
        check_health: call only servers that say SERVING of the service.

    Raises:
        AddressError: the target is malformed, or would be spoken to in plaintext across a
            network without `insecure`.
        TlsError: a certificate or key cannot be used.
    """
    parse_target(settings.target)
    options = _options(service)
    options.append(("grpc.inhibit_health_checking", int(not check_health)))
    if settings.tls is None:
        _require_loopback(settings)
        return grpc.aio.insecure_channel(settings.target, options=options)
    if settings.tls.server_name is not None:
        options.append(("grpc.ssl_target_name_override", settings.tls.server_name))
    credentials = channel_credentials(settings.tls)
    return grpc.aio.secure_channel(settings.target, credentials, options=options)


def _require_loopback(settings: ChannelSettings) -> None:
    if not settings.insecure and not is_loopback(settings.target):
        raise AddressError(
            f"{settings.target!r} may be on another machine, and plaintext would cross the network;"
            " set up TLS, or say --insecure to go without"
        )


def _options(service: str) -> list[tuple[str, str | int]]:
    return [
        ("grpc.service_config", service_config(service)),
        # Ours holds whatever a resolver may say: the retry limits are part of the design.
        ("grpc.service_config_disable_resolution", 1),
        # An upstream that comes back is found within half a second; gRPC would wait up to 2 min.
        ("grpc.initial_reconnect_backoff_ms", 100),
        ("grpc.max_reconnect_backoff_ms", 500),
        ("grpc.dns_min_time_between_resolutions_ms", 1000),
        ("grpc.keepalive_time_ms", KEEPALIVE_SECONDS * 1000),
        ("grpc.keepalive_timeout_ms", KEEPALIVE_TIMEOUT_SECONDS * 1000),
        # Services call each other directly; a proxy set for the web is not meant for them.
        ("grpc.enable_http_proxy", 0),
    ]
