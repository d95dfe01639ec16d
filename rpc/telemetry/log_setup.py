"""Sends the logs of this process to stderr: one line an event, as text or as JSON."""

import logging
import reprlib
import sys
import time
import traceback

from rpc.core.call import current_call
from rpc.core.trace_context import trace_id
from rpc.telemetry.console_lines import console_lines, wants_colour
from rpc.telemetry.log_lines import RenderLine, json_lines, text_lines
from rpc.telemetry.log_sink import LogSink
from rpc.telemetry.settings import LogFormat, LogLevel

import structlog
from structlog.typing import EventDict, FilteringBoundLogger, WrappedLogger


def configure_logs(service: str, log_format: LogFormat, log_level: LogLevel = "info") -> None:
    """Sends the logs of this process and its libraries to stderr.

    Args:
        service: name in every line, as in `orc1`.
        log_format: `text` is logfmt (`key=value`), `json` one object a line, `auto` something for
            people where stderr is a terminal, and logfmt elsewhere.
        log_level: the least level to log.
    """
    sink = log_sink(service, log_format)
    structlog.configure(
        processors=[
            structlog.processors.StackInfoRenderer(),
            structlog.processors.format_exc_info,
            _stamp,
        ],
        logger_factory=lambda: sink,
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(handlers=[_LibraryHandler(sink)], force=True)
    set_log_level(log_level)


def set_log_level(log_level: LogLevel) -> None:
    """Sets the least level to log, for loggers from `get_logger` from now on."""
    level = level_number(log_level)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(level))
    logging.getLogger().setLevel(level)


def get_logger() -> FilteringBoundLogger:
    """The process's logger."""
    logger: FilteringBoundLogger = structlog.get_logger()
    return logger


def log_sink(service: str, log_format: LogFormat) -> LogSink:
    """The sink for a service's lines."""
    return LogSink(_lines(service, log_format))


def level_number(log_level: LogLevel) -> int:
    """The level's number in `logging`."""
    return logging.getLevelNamesMapping()[log_level.upper()]


def _lines(service: str, log_format: LogFormat) -> RenderLine:
    if log_format == "json":
        return json_lines(service)
    if is_text(log_format):
        return text_lines(service)
    return console_lines(service, colours=wants_colour())


def is_text(log_format: LogFormat) -> bool:
    """Whether lines are logfmt."""
    return log_format == "text" or (log_format == "auto" and not _is_terminal())


def _is_terminal() -> bool:
    try:
        return sys.stderr.isatty()
    except (AttributeError, ValueError):  # it is closed
        return False


def call_fields() -> dict[str, str]:
    """The fields of lines written while a call is served: its ids."""
    call = current_call.get()
    if call is None:
        return {}
    fields = {"request_id": call.request_id}
    if trace := trace_id(call.trace_context):
        fields["trace_id"] = trace
    return fields


def _stamp(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    event["timestamp"] = time.time()
    return {**event, **call_fields()}


class _LibraryHandler(logging.Handler):
    """Sends what libraries log through `logging` to the same place, in the same order."""

    def __init__(self, sink: LogSink) -> None:
        super().__init__()
        self._sink = sink

    def emit(self, record: logging.LogRecord) -> None:
        event = {
            "timestamp": record.created,
            "event": _message(record),
            "logger": record.name,
            **call_fields(),
        }
        if record.exc_info:
            event["exception"] = "".join(traceback.format_exception(*record.exc_info))
        if record.stack_info:
            event["stack"] = record.stack_info
        self._sink.write(_level(record.levelno), event)


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:  # noqa: BLE001  # a library's mistake: arguments that do not fit the text
        text = record.msg if isinstance(record.msg, str) else reprlib.repr(record.msg)
        return f"{text} {reprlib.repr(record.args)}"


def _level(number: int) -> str:
    """The name of the highest level up to a number: a library's own may have any name."""
    return next((name for least, name in _LEVELS if least <= number), "debug")


_LEVELS = (
    (logging.CRITICAL, "critical"),
    (logging.ERROR, "error"),
    (logging.WARNING, "warning"),
    (logging.INFO, "info"),
)
