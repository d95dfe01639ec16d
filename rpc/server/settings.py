"""What a server can be told; `rpc.cli.options` offers each of these on the command line."""

from dataclasses import dataclass
from pathlib import Path

from rpc.telemetry.logs import LogFormat
from rpc.tls.credentials import ServerTls
from rpc.upstream.channel import ChannelSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """The settings of one server.

    Attributes:
        name: what the server calls itself in logs and traces, as in `orc1`.
        listen: address to listen on, as `rpc.core.address.parse_listen` returns it.
        upstream: the service that this one calls; None if it calls none.
        default_timeout: seconds for an upstream call whose caller brought no deadline.
        grace: seconds that calls in flight get to finish when the server stops.
        drain_delay: seconds between saying NOT_SERVING and taking no more calls.
        max_concurrent_rpcs: calls answered at once; further ones are refused.
        max_connection_age: seconds after which a caller is asked to connect anew, a tenth more or
            less; None for never.
        ready_file: is written, with the bound address in it, once the server serves.
        log_format: `text` or `json`.
        tls: None for plaintext.
        insecure: plaintext is wanted even where other machines can reach it.
        reuse_port: other processes may listen on the same port, and share its connections.
        reflection: offer grpc.reflection.
        channelz: offer grpc.channelz.
        metrics_address: where Prometheus finds metrics; None for nowhere.
        otlp_endpoint: OTLP/gRPC collector that traces go to; None for nowhere.
    """

    name: str
    listen: str
    upstream: ChannelSettings | None = None
    default_timeout: float = 5.0
    grace: float = 5.0
    drain_delay: float = 0.0
    max_concurrent_rpcs: int = 1000
    max_connection_age: float | None = None
    ready_file: Path | None = None
    log_format: LogFormat = "text"
    tls: ServerTls | None = None
    insecure: bool = False
    reuse_port: bool = False
    reflection: bool = True
    channelz: bool = True
    metrics_address: str | None = None
    otlp_endpoint: str | None = None
