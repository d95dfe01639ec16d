"""The access log: one line for each call."""

import logging
import time

from rpc.core.call import Call
from rpc.core.outcome import Outcome
from rpc.core.trace_context import trace_id
from rpc.interceptors.interceptor import ServerInterceptor
from rpc.telemetry.log_lines import iso_time
from rpc.telemetry.log_setup import is_text, level_number, log_sink
from rpc.telemetry.settings import LogFormat, LogLevel

import grpc


class AccessLog(ServerInterceptor):
    """Writes one line for each call once its status is known.

    Attributes:
        sink: where the lines go.

    It writes without structlog. That library has nothing to add to these lines, and would take a
    third of the time of each.
    """

    def __init__(self, service: str, log_format: LogFormat, log_level: LogLevel = "info") -> None:
        """Takes what `configure_logs` takes."""
        self.sink = log_sink(service, log_format)
        # What is the same in all lines, between the time and the method.
        self._start = f" level=info service={service} event=call method="
        self._is_text = is_text(log_format)
        self.set_level(log_level)

    def set_level(self, log_level: LogLevel) -> None:
        """Sets the least level to write."""
        least = level_number(log_level)
        self._writes_info = least <= logging.INFO
        self._writes_warning = least <= logging.WARNING

    def finished(self, call: Call, outcome: Outcome) -> None:
        """Writes the line. A failure's diagnosis, such as a traceback, goes into it."""
        if not (self._writes_info if outcome.diagnosis is None else self._writes_warning):
            return
        if self._is_text and _is_plain(call, outcome):
            self.sink.write_line(_plain_line(self._start, call, outcome))
            return
        fields = _fields(call, outcome)
        if outcome.diagnosis is None:
            self.sink.write("info", fields)
        else:
            self.sink.write("warning", {**fields, "diagnosis": outcome.diagnosis})


def _is_plain(call: Call, outcome: Outcome) -> bool:
    """Whether no value of a call's line needs quotes, as of nearly all calls."""
    return not (
        outcome.message
        or outcome.diagnosis
        or call.streaming
        or "=" in call.request_id
        or call.callers
    ) and (call.known and outcome.code is grpc.StatusCode.OK)


def _plain_line(start: str, call: Call, outcome: Outcome) -> bytes:
    """What the renderer of `log_lines` would make of `_fields`, in a third of its time."""
    line = (
        f"timestamp={iso_time(time.time())}{start}{call.method} code=OK"
        f" duration_ms={outcome.seconds * 1000:.3f}"
        f" peer={call.peer} request_id={call.request_id}"
    )
    if call.trace_context and (trace := trace_id(call.trace_context)):
        line += f" trace_id={trace}"
    if call.expires is not None:
        line += f" deadline_ms={(call.expires - call.started) * 1000:.1f}"
    return line.encode()


def _fields(call: Call, outcome: Outcome) -> dict[str, str | float]:
    fields: dict[str, str | float] = {
        "timestamp": time.time(),
        "event": "call",
        "method": call.method,
        "code": outcome.code.name,
        "duration_ms": round(outcome.seconds * 1000, 3),
        "peer": call.peer,
        "request_id": call.request_id,
    }
    if call.callers:
        fields["caller"] = " ".join(call.callers)
    if call.streaming:
        fields["requests"] = call.requests
        fields["responses"] = call.responses
    if trace := trace_id(call.trace_context):
        fields["trace_id"] = trace
    if call.expires is not None:
        fields["deadline_ms"] = round((call.expires - call.started) * 1000, 1)
    if outcome.message:
        fields["message"] = outcome.message
    return fields
