"""W3C Trace Context, https://www.w3.org/TR/trace-context/, as it travels in gRPC metadata."""

import re

TraceContext = tuple[tuple[str, str], ...]
"""The metadata entries `traceparent` and, where there is one, `tracestate`; or nothing."""

TRACE_KEYS = frozenset({"traceparent", "tracestate"})

# Version 00 has 55 characters; those to come may add more.
_TRACEPARENT = re.compile(
    r"(?!ff|00.{54})[0-9a-f]{2}-(?P<trace_id>(?!0{32})[0-9a-f]{32})-(?!0{16})[0-9a-f]{16}"
    r"-[0-9a-f]{2}(?:-.*)?"
)


def read_trace_context(headers: dict[str, str]) -> TraceContext:
    """Takes the trace context out of what a caller sent; what is malformed is left behind."""
    parent = headers.get("traceparent", "")
    if not _TRACEPARENT.fullmatch(parent):
        return ()
    if "tracestate" not in headers:
        return (("traceparent", parent),)
    return (("traceparent", parent), ("tracestate", headers["tracestate"]))


def trace_id(context: TraceContext) -> str:
    """The trace's id in hexadecimal; empty without a trace."""
    return context[0][1].split("-")[1] if context else ""
