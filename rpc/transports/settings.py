"""Settings of a transport's server."""

from dataclasses import dataclass

from rpc.core.errors import UsageError
from rpc.core.option_types import LISTEN, POSITIVE, SECONDS, SECONDS_ABOVE_ZERO, TEXT
from rpc.core.setting import group, setting
from rpc.tls.files import ServerTls

KIB = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class ListeningSettings:
    """Where and how a server listens.

    Attributes:
        address: as `rpc.core.address.parse_listen` returns it.
        reuse_port: other processes may listen on the same port, and share its connections.
        tls: None for plaintext.
        allowed_callers: names in client certificates, as `rpc.interceptors.authorization` reads
            them. Empty for everybody's.
        insecure: plaintext is wanted even where other machines can reach it.
    """

    address: str = setting(
        "HOST:PORT or unix:PATH to listen on. Port 0 lets the kernel choose.",
        type=LISTEN,
        option="listen",
        default="127.0.0.1:0",
    )
    reuse_port: bool = setting(
        "Share the port with other processes that also set --reuse-port.", default=False
    )
    tls: ServerTls | None = group(ServerTls, prefix="tls", optional=True)
    allowed_callers: tuple[str, ...] = setting(
        "Caller that may call, by a DNS name or URI in its certificate. * is one label or segment."
        " /package.Service/Method=NAME for one method. Everybody by default.",
        type=TEXT,
        metavar="NAME",
        option="allow-caller",
        multiple=True,
        default=(),
    )
    insecure: bool = setting(
        "Allow plaintext beyond loopback: to listen, for metrics, and to the upstream.",
        default=False,
    )

    def __post_init__(self) -> None:
        """Refuses names where no caller needs a certificate."""
        if self.allowed_callers and not self.asks_for_names:
            raise UsageError("--allow-caller needs --tls-client-ca: names stand in certificates")

    @property
    def asks_for_names(self) -> bool:
        """Whether callers have to show a certificate."""
        return self.tls is not None and self.tls.client_ca is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitSettings:
    """What a server lets callers have.

    The defaults fit the memory of `deploy/kubernetes` (docs/reliability.md, "Memory").

    Attributes:
        max_concurrent_rpcs: calls handled at once. Further ones are refused.
        max_wait: seconds a call may wait to be begun. Past it the call is refused.
        max_concurrent_streams: calls open at once on one connection, sent to callers in SETTINGS.
        max_connections: connections open at once. A further one is closed.
        max_message_bytes: size of a request or a response, before and after decompression.
        max_bytes_in_flight: bytes of requests and responses held by the server.
        request_timeout: seconds from the headers of a call to its first message.
        max_call_duration: seconds of a call, whatever its caller's deadline.
        max_connection_idle: seconds until a connection without a call is closed.
        max_connection_age: seconds until a caller is asked to connect anew, a tenth more or less.
            None for never.
        max_connection_age_grace: seconds for calls on a connection past its age.
    """

    max_concurrent_rpcs: int = setting(
        "Calls in progress at once. Further ones get RESOURCE_EXHAUSTED.",
        type=POSITIVE,
        default=1000,
    )
    max_wait: float = setting(
        "Time that a call may wait to be begun on --transport wire, a quarter of it while the queue"
        " does not empty; past it RESOURCE_EXHAUSTED.",
        type=SECONDS_ABOVE_ZERO,
        default=0.4,
    )
    max_concurrent_streams: int = setting(
        "Calls open at once on one connection. Further ones wait at the caller.",
        type=POSITIVE,
        default=1000,
    )
    max_connections: int = setting(
        "Connections open at once. Further ones are closed.", type=POSITIVE, default=1000
    )
    max_message_bytes: int = setting(
        "Size of a request or a response, also unpacked. Larger ones get RESOURCE_EXHAUSTED.",
        type=POSITIVE,
        default=64 * KIB,
    )
    max_bytes_in_flight: int = setting(
        "Bytes of messages that --transport wire holds. Past it calls get RESOURCE_EXHAUSTED.",
        type=POSITIVE,
        default=32 * KIB * KIB,
    )
    request_timeout: float = setting(
        "Time from the start of a call to its first message. Past it the call is CANCELLED.",
        type=SECONDS_ABOVE_ZERO,
        default=30.0,
    )
    max_call_duration: float = setting(
        "Longest call on --transport wire, whatever its deadline. Ends with DEADLINE_EXCEEDED.",
        type=SECONDS_ABOVE_ZERO,
        default=3600.0,
    )
    max_connection_idle: float = setting(
        "Time after which a connection without a call is closed.",
        type=SECONDS_ABOVE_ZERO,
        default=300.0,
    )
    max_connection_age: float | None = setting(
        "Time after which callers are asked to reconnect, and so find new replicas.",
        type=SECONDS_ABOVE_ZERO,
        default=None,
    )
    max_connection_age_grace: float = setting(
        "Time that calls get on a connection past its age.", type=SECONDS, default=30.0
    )
