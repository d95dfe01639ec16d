"""Settings of an upstream."""

from dataclasses import dataclass

from rpc.core.option_types import SECONDS, SECONDS_ABOVE_ZERO, TARGET
from rpc.core.setting import group, setting
from rpc.tls.files import ChannelTls


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerSettings:
    """Where a server is, and how it is spoken to.

    Attributes:
        target: a gRPC target. Several addresses share the calls between them.
        tls: None for plaintext.
    """

    target: str = setting(
        "Address of {peer}: HOST:PORT, dns:///HOST:PORT, unix:PATH or, for several replicas,"
        " ipv4:ADDRESS:PORT,… .",
        type=TARGET,
    )
    tls: ChannelTls | None = group(
        ChannelTls,
        prefix="tls",
        optional=True,
        switch="Use TLS to {peer}. The options below imply it.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamSettings(PeerSettings):
    """The same of an upstream.

    Attributes:
        default_timeout: seconds for a call without a caller's deadline.
        health_follows: seconds it may be unusable before the server's services are NOT_SERVING.
            None for ever.
    """

    default_timeout: float = setting(
        "Time for an upstream call whose caller brought no deadline.",
        type=SECONDS_ABOVE_ZERO,
        default=5.0,
    )
    health_follows: float | None = setting(
        "Time that {peer} may be unusable before the health of the services is NOT_SERVING.",
        type=SECONDS,
        default=None,
    )
