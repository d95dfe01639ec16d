"""What can be said of log, metrics and traces."""

from dataclasses import dataclass
from typing import Literal

from rpc.core.option_types import COLLECTOR_URL, HOST_PORT
from rpc.core.setting import group, setting

LogFormat = Literal["auto", "text", "json"]
LogLevel = Literal["debug", "info", "warning", "error"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TracingSettings:
    """Where traces go.

    Attributes:
        otlp_endpoint: OTLP/gRPC collector. None for nowhere.
    """

    otlp_endpoint: str | None = setting(
        "OTLP/gRPC collector to send traces to, as http://127.0.0.1:4317.",
        type=COLLECTOR_URL,
        metavar="URL",
        envvar="OTEL_EXPORTER_OTLP_ENDPOINT",
        default=None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TelemetrySettings:
    """Where log, metrics and traces go.

    Attributes:
        log_format: `auto`, `text` or `json`.
        log_level: the least that is logged.
        metrics_address: where Prometheus finds metrics. None for nowhere.
        tracing: where traces go.
    """

    log_format: LogFormat = setting(
        "Form of the log on stderr: logfmt or JSON; auto is for people on a terminal, else JSON.",
        type=("auto", "text", "json"),
        default="auto",
    )
    log_level: LogLevel = setting(
        "The least that is logged. A call's line is info, that of one that failed here warning.",
        type=("debug", "info", "warning", "error"),
        default="info",
    )
    metrics_address: str | None = setting(
        "Address to serve Prometheus metrics on, at /metrics.", type=HOST_PORT, default=None
    )
    tracing: TracingSettings = group(TracingSettings)
