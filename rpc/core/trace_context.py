"""W3C Trace Context and Baggage, as they travel in gRPC metadata.

https://www.w3.org/TR/trace-context/ and https://www.w3.org/TR/baggage/ are the specifications.
"""

import os
import re

from rpc.core.metadata_keys import BAGGAGE, TRACEPARENT, TRACESTATE

TraceContext = tuple[tuple[str, str], ...]
"""Entries of metadata: `traceparent`, `tracestate` and `baggage`, as far as present."""

_KEYS_OF_PROPAGATORS = {"tracecontext": {TRACEPARENT, TRACESTATE}, "baggage": {BAGGAGE}, "none": ()}
PROPAGATORS = frozenset(_KEYS_OF_PROPAGATORS)
"""What `OTEL_PROPAGATORS` may name,
https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/."""

# Version 00 has 55 characters. Those to come may add more.
_TRACEPARENT = re.compile(
    r"(?!ff|00.{54})[0-9a-f]{2}-(?P<trace_id>(?!0{32})[0-9a-f]{32})-(?!0{16})[0-9a-f]{16}"
    r"-[0-9a-f]{2}(?:-[!-~]{1,200})?"
)

# Section 3.3.1: a key, perhaps with a tenant before it, and a value. The specification asks for
# this length (3.3.1.5) and number of members (3.3.1.1). OpenTelemetry's SDK has a line of the log
# for each other state.
_STATE_KEY = r"[a-z][a-z0-9_*/-]{0,255}|[a-z0-9][a-z0-9_*/-]{0,240}@[a-z][a-z0-9_*/-]{0,13}"
_STATE_MEMBER = re.compile(rf"(?:{_STATE_KEY})=[ -+\--<>-~]{{0,255}}[!-+\--<>-~]")
_MOST_STATE_BYTES = 512
_MOST_STATE_MEMBERS = 32

# Half of the 8 KiB of metadata that gRPC's servers are sure to take: a longer one could cost the
# next hop its call. The number of members is the least that the specification asks for (3.3.2).
MOST_BAGGAGE_BYTES = 4096
MOST_BAGGAGE_MEMBERS = 64

# Section 3.3.1: a key, a value and properties of the value. No two parts can match the same blanks,
# so that the time is linear.
_KEY = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+[ \t]*"
_IS_VALUE = r"=[ \t]*(?:[!#-+\--:<-\[\]-~]+[ \t]*)?"
_BAGGAGE_MEMBER = re.compile(rf"[ \t]*{_KEY}{_IS_VALUE}(?:;[ \t]*{_KEY}(?:{_IS_VALUE})?)*")


def propagated_keys(propagators: str) -> frozenset[str]:
    """The keys of what is forwarded to upstreams.

    Args:
        propagators: names with commas between them, as `OTEL_PROPAGATORS` has them. An unknown name
            makes it void, and then all keys are meant.
    """
    named = {name.strip() for name in propagators.split(",")}
    if not named <= PROPAGATORS:
        named = set(PROPAGATORS) - {"none"}
    if "none" in named:
        return frozenset()
    return frozenset().union(*(_KEYS_OF_PROPAGATORS[name] for name in named))


PROPAGATED = propagated_keys(os.environ.get("OTEL_PROPAGATORS", ""))
"""Those of this process."""


def read_trace_context(headers: dict[str, str]) -> TraceContext:
    """Takes the trace context and the baggage out of what a caller sent.

    What is malformed, or could not travel to the next hop, is left behind.
    """
    trace = _trace(headers)
    # Few calls have any.
    return trace if BAGGAGE not in headers else (*trace, *_baggage(headers[BAGGAGE]))


def _trace(headers: dict[str, str]) -> TraceContext:
    parent = headers.get(TRACEPARENT, "")
    if not _TRACEPARENT.fullmatch(parent):
        return ()
    # A tab may stand between two members of the list, but in no metadata.
    state = headers.get(TRACESTATE, "").replace("\t", " ").strip()
    if not _is_state(state):
        return ((TRACEPARENT, parent),)
    return ((TRACEPARENT, parent), (TRACESTATE, state))


def _is_state(state: str) -> bool:
    if not state or len(state) > _MOST_STATE_BYTES:
        return False
    # A member may be empty.
    members = [member for part in state.split(",") if (member := part.strip(" "))]
    if not 0 < len(members) <= _MOST_STATE_MEMBERS:
        return False
    return all(map(_STATE_MEMBER.fullmatch, members))


def _baggage(value: str) -> TraceContext:
    if len(value) > MOST_BAGGAGE_BYTES:
        return ()
    members = value.split(",")
    if len(members) > MOST_BAGGAGE_MEMBERS or not all(map(_BAGGAGE_MEMBER.fullmatch, members)):
        return ()
    return ((BAGGAGE, value.replace("\t", " ").strip()),)


def trace_id(context: TraceContext) -> str:
    """The trace's id in hexadecimal. Empty without a trace."""
    return context[0][1].split("-")[1] if context and context[0][0] == TRACEPARENT else ""


def sampled_ids(context: TraceContext) -> tuple[str, str] | None:
    """The ids of a trace and of the span in it, in hexadecimal. None where it is not sampled."""
    if not context or context[0][0] != TRACEPARENT:
        return None
    _, trace, span, flags = context[0][1].split("-")[:4]
    return (trace, span) if int(flags, 16) & 1 else None
