"""Logs: one line an event on stderr, as text for people or as JSON for machines."""

import logging
import time
import traceback
from typing import Literal

from rpc.core.call import Call
from rpc.core.trace_context import trace_id
from rpc.interceptors.observation import Outcome
from rpc.telemetry.log_lines import json_lines, text_lines
from rpc.telemetry.log_sink import LogSink

import structlog
from structlog.typing import EventDict, FilteringBoundLogger, WrappedLogger

LogFormat = Literal["text", "json"]

# What gRPC logs, as an error and with a traceback, of an answer whose caller has gone meanwhile.
_CALLER_LEFT = "ExecuteBatchError raised in core by servicer method"


def configure_logs(service: str, log_format: LogFormat) -> None:
    """Sends this process's log, and that of the libraries in it, to stderr.

    Args:
        service: name that stands in every line, as in `orc1`.
        log_format: `text` is logfmt (`key=value`), `json` one object a line.
    """
    sink = _sink(service, log_format)
    structlog.configure(
        processors=[structlog.processors.format_exc_info, _stamp],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=lambda: sink,
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.INFO, handlers=[_LibraryHandler(sink)], force=True)


def get_logger() -> FilteringBoundLogger:
    """The process's logger."""
    logger: FilteringBoundLogger = structlog.get_logger()
    return logger


class CallLog:
    """Writes one line for each call once its status is known.

    It writes without structlog, which has nothing to add to these lines and would take a third of
    the time that each of them costs.
    """

    def __init__(self, service: str, log_format: LogFormat) -> None:
        """Takes what `configure_logs` takes."""
        self._sink = _sink(service, log_format)

    def started(self, call: Call) -> None:
        """Nothing is written yet; the line at the end says when the call began."""

    def finished(self, call: Call, outcome: Outcome) -> None:
        """Writes the line; a failure's diagnosis, such as a traceback, goes into it."""
        fields = _call_fields(call, outcome)
        if outcome.diagnosis is None:
            self._sink.write("info", fields)
        else:
            self._sink.write("warning", {**fields, "diagnosis": outcome.diagnosis})


def _sink(service: str, log_format: LogFormat) -> LogSink:
    return LogSink((json_lines if log_format == "json" else text_lines)(service))


def _call_fields(call: Call, outcome: Outcome) -> dict[str, str | float]:
    fields: dict[str, str | float] = {
        "timestamp": time.time(),
        "event": "call",
        "method": call.method,
        "code": outcome.code.name,
        "duration_ms": round(outcome.seconds * 1000, 3),
        "peer": call.peer,
        "request_id": call.request_id,
    }
    if call.trace_context:
        fields["trace_id"] = trace_id(call.trace_context)
    if call.expires is not None:
        fields["deadline_ms"] = round((call.expires - call.started) * 1000, 1)
    if outcome.message:
        fields["message"] = outcome.message
    return fields


def _stamp(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    event["timestamp"] = time.time()
    return event


class _LibraryHandler(logging.Handler):
    """Sends what libraries log through `logging` to the same place, in the same order."""

    def __init__(self, sink: LogSink) -> None:
        super().__init__()
        self._sink = sink

    def emit(self, record: logging.LogRecord) -> None:
        try:
            message = record.getMessage()
        except (TypeError, ValueError):  # a library's mistake: arguments that do not fit the text
            message = f"{record.msg} {record.args!r}"
        event = {"timestamp": record.created, "event": message, "logger": record.name}
        if message.startswith(_CALLER_LEFT):
            self._sink.info(**event)
            return
        if record.exc_info:
            event["exception"] = "".join(traceback.format_exception(*record.exc_info))
        self._sink.write(record.levelname.lower(), event)
