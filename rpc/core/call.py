"""The call that is being answered: what its log line, metrics and upstream calls need to know."""

import re
import secrets
import time
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from rpc.core.trace_context import TRACE_KEYS, TraceContext, read_trace_context

import grpc

REQUEST_ID_KEY = "x-request-id"
"""Metadata key under which a request id travels; the id is the same at every hop."""

# Room for every kind of id in use, and nothing in it that could forge a log line.
_REQUEST_ID = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}")

ServicerContext = grpc.aio.ServicerContext[Any, Any]


@dataclass(slots=True)
class Call:
    """One call that this server is answering.

    Attributes:
        method: full name, as in `/user.Orchestrator1Service/GetUserByName`.
        context: gRPC's own view of the call.
        started: when it arrived, in seconds of `time.perf_counter`.
        expires: when its caller gives up, on the same clock; None if it never does.
        peer: who its caller is, in gRPC's words.
        request_id: the caller's, or a new one.
        trace_context: the trace that it is part of; an observer may replace it.
        known: whether there is such a method.
        request: what its caller sent; empty until it has been read.
        span: the tracing part's own.
    """

    method: str
    context: ServicerContext
    started: float
    expires: float | None
    peer: str
    request_id: str
    trace_context: TraceContext
    known: bool = True
    request: bytes = b""
    span: Any = None

    @classmethod
    def arriving(cls, method: str, context: ServicerContext, *, known: bool = True) -> "Call":
        """Reads what the caller sent along with a call that arrives now."""
        started = time.perf_counter()
        remaining = context.time_remaining()
        expires = None if remaining is None else started + remaining
        request_id, trace_context = _read_metadata(context)
        peer = context.peer()
        return cls(method, context, started, expires, peer, request_id, trace_context, known)


Handler = Callable[[Call], Awaitable[bytes]]
"""Answers one call. The parts of `rpc` wrap handlers around each other, the servicer innermost."""

current_call: ContextVar[Call | None] = ContextVar("current_call", default=None)
"""The call that the running task answers, so that calls to an upstream inherit from it."""


def new_request_id() -> str:
    """An id that no other call has: 128 random bits in hexadecimal."""
    return secrets.token_hex(16)


def _read_metadata(context: ServicerContext) -> tuple[str, TraceContext]:
    request_id = ""
    trace_headers: dict[str, str] = {}
    for key, value in context.invocation_metadata() or ():
        if not isinstance(value, str):
            continue
        if key == REQUEST_ID_KEY and _REQUEST_ID.fullmatch(value):
            request_id = value
        elif key in TRACE_KEYS:
            # Several lists of states are one, https://www.rfc-editor.org/rfc/rfc9110#section-5.3.
            earlier = trace_headers.get(key)
            trace_headers[key] = value if earlier is None else f"{earlier},{value}"
    trace_context = read_trace_context(trace_headers) if trace_headers else ()
    return request_id or new_request_id(), trace_context
