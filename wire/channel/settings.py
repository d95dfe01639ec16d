"""What all connections of one channel share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wire.protocol.compression import ACCEPTED_ENCODINGS

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from wire.channel.connection import ClientConnection
    from wire.channel.dispatcher import Dispatched
    from wire.channel.options import ChannelOptions
    from wire.channel.target import Target
    from wire.protocol.metadata import Field


class Settings:
    """How the subchannels of one channel connect."""

    def __init__(
        self,
        options: ChannelOptions,
        tls: Callable[[], ssl.SSLContext] | None,
        server_name: str,
        fixed_fields: list[Field],
        health_service: str | None,
    ) -> None:
        """Gathers them.

        Args:
            options: of the channel.
            tls: makes a context for each handshake, with the newest certificates. None for
                plaintext.
            server_name: required in the certificate.
            fixed_fields: of all requests.
            health_service: to ask the health of, or None to ask nothing.
        """
        self.options = options
        self.tls = tls
        self.server_name = server_name
        self.fixed_fields = fixed_fields
        self.health_service = health_service
        self.keepalive_interval = options.keepalive_interval
        self.pings_quickly = options.probe_interval is not None
        self.waiting: dict[Dispatched, None] = {}
        """Calls waiting for a connection, or for room on one."""
        self.connections: set[ClientConnection] = set()
        """All open ones, draining ones included."""


def host_of(authority: str) -> str:
    """The host of `host:port`, without brackets.

    Nor does a certificate have the dot behind an absolute name (RFC 6066, section 3).
    """
    host = authority.rpartition(":")[0] or authority
    return host.strip("[]").removesuffix(".")


def fixed_fields(target: Target, options: ChannelOptions, *, is_secure: bool) -> list[Field]:
    """The fields of all requests of a channel. Pseudo-headers come first."""
    authority = options.authority or options.server_name or target.authority
    return [
        (b":method", b"POST"),
        (b":scheme", b"https" if is_secure else b"http"),
        (b":authority", authority.encode()),
        (b"te", b"trailers"),
        (b"content-type", b"application/grpc"),
        (b"user-agent", options.user_agent.encode()),
        (b"grpc-accept-encoding", ACCEPTED_ENCODINGS),
    ]
