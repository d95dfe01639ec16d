"""Settings of log, metrics and traces."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rpc.core.errors import UsageError
from rpc.core.option_types import COLLECTOR_URL, FILE, HOST_PORT, TEXT
from rpc.core.setting import group, setting

LogFormat = Literal["auto", "text", "json"]
LogLevel = Literal["debug", "info", "warning", "error"]
LOG_LEVELS: tuple[LogLevel, ...] = ("debug", "info", "warning", "error")


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
        log_level: the least level to log, where `log_level_file` sets none.
        log_level_file: holds the least level to log.
        metrics_address: where Prometheus finds metrics. None for nowhere.
        metrics_allowed_callers: names in the certificates of admitted readers, as `rpc.tls.names`
            reads them. Empty for everybody.
        tracing: where traces go.
    """

    log_format: LogFormat = setting(
        "Format of the log on stderr. auto suits people on a terminal, and is logfmt elsewhere.",
        type=("auto", "text", "json"),
        default="auto",
    )
    log_level: LogLevel = setting(
        "Lowest level that is logged. A call's line is info, or warning with a diagnosis.",
        type=LOG_LEVELS,
        default="info",
    )
    log_level_file: Path | None = setting(
        "File with a word for --log-level, read at start and on SIGHUP. There need be none.",
        type=FILE,
        default=None,
    )
    metrics_address: str | None = setting(
        "Address to serve Prometheus metrics on, at /metrics.", type=HOST_PORT, default=None
    )
    metrics_allowed_callers: tuple[str, ...] = setting(
        "Caller that may read the metrics, named as by --allow-caller. Everybody by default.",
        type=TEXT,
        metavar="NAME",
        option="metrics-allow-caller",
        multiple=True,
        default=(),
    )
    tracing: TracingSettings = group(TracingSettings)

    def __post_init__(self) -> None:
        """Refuses names where there is nothing to be read."""
        if self.metrics_allowed_callers and self.metrics_address is None:
            raise UsageError("--metrics-allow-caller needs --metrics-address")

    def read_log_level(self) -> LogLevel:
        """The least level to log, as the file has it now. Without a file, the setting.

        Raises:
            UsageError: the file cannot be read, or has no level in it.
        """
        file = self.log_level_file
        if file is None:
            return self.log_level
        try:
            word = _first_word(file)
        except FileNotFoundError:
            return self.log_level
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "it is no text"
            raise UsageError(f"--log-level-file {file} cannot be read: {why}") from error
        for level in LOG_LEVELS:
            if word == level:
                return level
        raise UsageError(f"--log-level-file {file} has none of {', '.join(LOG_LEVELS)} in it")


def _first_word(file: Path) -> str:
    with file.open(encoding="ascii") as text:
        return text.read(_MOST_CHARACTERS).strip().lower()


_MOST_CHARACTERS = 100
