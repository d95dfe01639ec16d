"""What a transport's server can be told."""

from dataclasses import dataclass

from rpc.core.errors import UsageError
from rpc.core.option_types import LISTEN
from rpc.core.setting import group, setting
from rpc.tls.files import ServerTls


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
        "HOST:PORT or unix:PATH to listen on; port 0 lets the kernel choose.",
        type=LISTEN,
        option="listen",
        default="127.0.0.1:0",
    )
    reuse_port: bool = setting(
        "Share the port with other processes that also set --reuse-port.", default=False
    )
    tls: ServerTls | None = group(ServerTls, prefix="tls", optional=True)
    allowed_callers: tuple[str, ...] = setting(
        "Caller that may call, by a DNS name or URI in its certificate; * for one label or segment."
        " /package.Service/Method=NAME for one method. Everybody by default.",
        type=str,
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
        """Refuses names where no caller is asked for one."""
        if self.allowed_callers and not self.asks_for_names:
            raise UsageError("--allow-caller needs --tls-client-ca: names stand in certificates")

    @property
    def asks_for_names(self) -> bool:
        """Whether callers have to show a certificate."""
        return self.tls is not None and self.tls.client_ca is not None
