"""Logs: one line an event on stderr, as text for people or as JSON for machines."""

import contextlib
import logging
import sys
from typing import Literal, cast

from rpc.call import Call
from rpc.observation import Outcome
from rpc.trace_context import trace_id

import orjson
import structlog
from structlog.typing import EventDict, FilteringBoundLogger, Processor, WrappedLogger

LogFormat = Literal["text", "json"]


def configure_logs(service: str, log_format: LogFormat) -> None:
    """Sends this process's log, and that of the libraries in it, to stderr.

    Args:
        service: name that stands in every line, as in `orc1`.
        log_format: `text` is logfmt (`key=value`), `json` one object a line.
    """
    shared = _shared_processors(service)
    structlog.configure(
        processors=[*shared, *_renderers(log_format)],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.BytesLoggerFactory(_Stderr()),  # type: ignore[arg-type]
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    renderers = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[*renderers, *_renderers(log_format), cast("Processor", _as_text)],
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
        )
    )
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)


def get_logger() -> FilteringBoundLogger:
    """The process's logger."""
    logger: FilteringBoundLogger = structlog.get_logger()
    return logger


class CallLog:
    """Writes one line for each call once its status is known."""

    def __init__(self) -> None:
        self._logger = get_logger()

    def started(self, call: Call) -> None:
        """Nothing is written yet; the line at the end says when the call began."""

    def finished(self, call: Call, outcome: Outcome) -> None:
        """Writes the line; a failure's diagnosis, such as a traceback, goes into it."""
        fields = _call_fields(call, outcome)
        if outcome.diagnosis is None:
            self._logger.info("call", **fields)
        else:
            self._logger.warning("call", **fields, diagnosis=outcome.diagnosis)


def _call_fields(call: Call, outcome: Outcome) -> dict[str, str | float]:
    fields: dict[str, str | float] = {
        "method": call.method,
        "code": outcome.code.name,
        "duration_ms": round(outcome.seconds * 1000, 3),
        "peer": call.context.peer(),
        "request_id": call.request_id,
    }
    if call.trace_context:
        fields["trace_id"] = trace_id(call.trace_context)
    if call.expires is not None:
        fields["deadline_ms"] = round((call.expires - call.started) * 1000, 1)
    if outcome.message:
        fields["message"] = outcome.message
    return fields


class _Stderr:
    """stderr as a log needs it: a full disk or a closed pipe loses lines, never calls."""

    def write(self, line: bytes) -> None:
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.buffer.write(line)

    def flush(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.buffer.flush()


def _shared_processors(service: str) -> list[Processor]:
    def name_service(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        event["service"] = service
        return event

    return [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        name_service,
    ]


def _renderers(log_format: LogFormat) -> list[Processor]:
    if log_format == "json":
        return [_escape_surrogates, structlog.processors.JSONRenderer(serializer=orjson.dumps)]
    order = ["timestamp", "level", "service", "event"]
    logfmt = structlog.processors.LogfmtRenderer(key_order=order)
    return [_escape_unprintable, logfmt, cast("Processor", _as_bytes)]


def _escape_unprintable(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Keeps a line one line: text from outside could otherwise pass for a line of its own.

    What turns the direction of writing, or shows nothing, is escaped too.
    """
    for key, value in event.items():
        if isinstance(value, str) and not value.isprintable():
            event[key] = "".join(map(_visible, value))
    return event


def _visible(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode()


def _escape_surrogates(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Takes out what JSON cannot carry: parts of a file's name that are not UTF-8."""
    for key, value in event.items():
        if isinstance(value, str) and not value.isprintable():
            event[key] = value.encode(errors="backslashreplace").decode()
    return event


def _as_bytes(_: WrappedLogger, __: str, line: str) -> bytes:
    return line.encode(errors="backslashreplace")


def _as_text(_: WrappedLogger, __: str, line: bytes) -> str:
    return line.decode()
