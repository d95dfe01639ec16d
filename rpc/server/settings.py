"""Settings of a server. `rpc.cli.options` makes the command line's options from them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rpc.core.option_types import FILE, SECONDS
from rpc.core.setting import group, setting
from rpc.telemetry.settings import TelemetrySettings
from rpc.transports.settings import LimitSettings, ListeningSettings
from rpc.upstream.settings import UpstreamSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class ShutdownSettings:
    """How a server stops.

    Attributes:
        grace: seconds for calls in flight to finish.
        drain_delay: seconds between reporting NOT_SERVING and taking no more calls.
    """

    grace: float = setting(
        "Time that calls in flight get to finish on SIGTERM or SIGINT.", type=SECONDS, default=5.0
    )
    drain_delay: float = setting(
        "Time between reporting NOT_SERVING and taking no more calls.", type=SECONDS, default=0.0
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminSettings:
    """A server's services for operators' tools.

    Attributes:
        reflection: grpc.reflection.
        channelz: grpc.channelz.
    """

    reflection: bool = setting("Offer grpc.reflection.", default=True, negatable=True)
    channelz: bool = setting(
        "Offer grpc.channelz, which shows callers the connections of --transport grpcio.",
        default=False,
        negatable=True,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """The settings of one server.

    Attributes:
        name: what the server calls itself in logs and traces, as in `orc1`.
        listening: where and how it listens.
        upstreams: the services it calls, by name.
        limits: what it lets callers have.
        shutdown: how it stops.
        ready_file: is written, with the bound address in it, once the server serves.
        telemetry: where log, metrics and traces go.
        admin: its services for operators' tools.
        transport: what carries its calls.
    """

    name: str
    listening: ListeningSettings = group(ListeningSettings, heading="Listening")
    upstreams: Mapping[str, UpstreamSettings] = field(default_factory=dict)
    limits: LimitSettings = group(LimitSettings, heading="Limits")
    shutdown: ShutdownSettings = group(ShutdownSettings, heading="Stopping")
    ready_file: Path | None = setting(
        "File to write the bound address to once serving.", type=FILE, default=None
    )
    telemetry: TelemetrySettings = group(TelemetrySettings, heading="Log, metrics and traces")
    admin: AdminSettings = group(AdminSettings, heading="Looking inside")
    transport: str = setting(
        "Implementation of gRPC: grpcio, or this project's own.",
        type=("wire", "grpcio"),
        default="grpcio",
    )
