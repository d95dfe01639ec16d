"""What a transport's server can be told."""

from dataclasses import dataclass

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
    insecure: bool = setting(
        "Allow plaintext beyond loopback: to listen, for metrics, and to the upstream.",
        default=False,
    )
