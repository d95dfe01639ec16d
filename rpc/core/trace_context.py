"""W3C Trace Context, https://www.w3.org/TR/trace-context/, as it travels in gRPC metadata."""

import re

from rpc.core.metadata_keys import TRACEPARENT, TRACESTATE

TraceContext = tuple[tuple[str, str], ...]
"""The metadata entries `traceparent` and, where there is one, `tracestate`. Or nothing."""

# Version 00 has 55 characters. Those to come may add more.
_TRACEPARENT = re.compile(
    r"(?!ff|00.{54})[0-9a-f]{2}-(?P<trace_id>(?!0{32})[0-9a-f]{32})-(?!0{16})[0-9a-f]{16}"
    r"-[0-9a-f]{2}(?:-[!-~]{1,200})?"
)

# What gRPC metadata can carry, at the length that the specification asks for (section 3.3.1.5).
_TRACESTATE = re.compile(r"[ -~]{1,512}")


def read_trace_context(headers: dict[str, str]) -> TraceContext:
    """Takes the trace context out of what a caller sent.

    What is malformed, or could not travel to the next hop, is left behind.
    """
    parent = headers.get(TRACEPARENT, "")
    if not _TRACEPARENT.fullmatch(parent):
        return ()
    # A tab may stand between two members of the list, but in no metadata.
    state = headers.get(TRACESTATE, "").replace("\t", " ").strip()
    if not _TRACESTATE.fullmatch(state):
        return ((TRACEPARENT, parent),)
    return ((TRACEPARENT, parent), (TRACESTATE, state))


def trace_id(context: TraceContext) -> str:
    """The trace's id in hexadecimal. Empty without a trace."""
    return context[0][1].split("-")[1] if context else ""
