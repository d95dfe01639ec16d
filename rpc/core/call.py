"""The calls of this process: those it handles, and those made on their behalf."""

import os
import re
import time
from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from rpc.core.errors import RpcStatusError
from rpc.core.metadata_keys import REQUEST_ID
from rpc.core.outcome import Outcome
from rpc.core.trace_context import PROPAGATED, TraceContext, read_trace_context

import grpc

# Room for every kind of id in use, and nothing in it that could forge a log line.
_REQUEST_ID = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}")
_CALLS_KEPT = 64

ServicerContext = grpc.aio.ServicerContext[Any, Any]


@dataclass(eq=False)
class Call:
    """One call to this server.

    Attributes:
        method: full name, as in `/user.Orchestrator1Service/GetUserByName`.
        context: the transport's view of the call.
        started: when it arrived, in seconds of `time.perf_counter`.
        expires: when its caller gives up, on the same clock. None if it never does.
        peer: address of its caller, as in `ipv4:127.0.0.1:50000`.
        request_id: the caller's, or a new one.
        trace_context: its trace and baggage. An interceptor may replace it.
        known: whether the server has the method by name. If not, the name is the caller's choice.
        streaming: whether requests or responses are streams.
        callers: DNS names and URIs in the caller's certificate. Empty if the server requests none.
        requests: number of messages received.
        responses: number of messages sent.
        outcome: how it ended, once that is known.
        refusal: the status an interceptor ends it with before the servicer sees it.
        attachments: what interceptors keep of the call, each under itself as the key.
        upstream_calls: its calls to upstreams, perhaps still open.
    """

    method: str
    context: ServicerContext
    started: float
    expires: float | None
    peer: str
    request_id: str
    trace_context: TraceContext
    known: bool = True
    streaming: bool = False
    callers: tuple[str, ...] = ()
    # Defaults of the class from here on: a call sets what differs.
    requests: int = field(default=0, init=False)
    responses: int = field(default=0, init=False)
    outcome: Outcome | None = field(default=None, init=False)
    refusal: RpcStatusError | None = field(default=None, init=False)
    # How many interceptors have seen the start. Those see the end too.
    interceptors_started: int = field(default=0, init=False)
    attachments: dict[object, Any] | None = field(default=None, init=False)
    upstream_calls: list[Any] | None = field(default=None, init=False)

    @classmethod
    def arriving(
        cls,
        method: str,
        context: ServicerContext,
        *,
        known: bool = True,
        streaming: bool = False,
        callers: tuple[str, ...] = (),
    ) -> "Call":
        """Reads the metadata of a call arriving now."""
        started = time.perf_counter()
        remaining = context.time_remaining()
        expires = None if remaining is None else started + remaining
        metadata = context.invocation_metadata() or ()
        request_id, trace_context = read_ids(metadata)
        peer = context.peer()
        return cls(
            method,
            context,
            started,
            expires,
            peer,
            request_id,
            trace_context,
            known,
            streaming,
            callers,
        )

    def attach(self, owner: object, value: Any) -> None:
        """Keeps something for an interceptor, its owner, until the call is over."""
        if self.attachments is None:
            self.attachments = {}
        self.attachments[owner] = value

    def attached(self, owner: object) -> Any:
        """What `attach` has kept for an interceptor. None if it has kept nothing."""
        return None if self.attachments is None else self.attachments.get(owner)

    def opened(self, upstream_call: Any) -> None:
        """Notes a call to an upstream. It is cancelled if this call ends first."""
        calls = self.upstream_calls
        if calls is None:
            self.upstream_calls = [upstream_call]
            return
        if len(calls) % _CALLS_KEPT == 0:
            # A stream may make any number of them.
            calls[:] = [one for one in calls if not one.done()]
        calls.append(upstream_call)


def caller_names(context: ServicerContext) -> tuple[str, ...]:
    """The DNS names and URIs of the caller's certificate.

    https://grpc.github.io/grpc/core/grpc__security__constants_8h.html has the entries.
    """
    entries = context.auth_context()
    names = [name for kind in ("peer_dns", "peer_uri") for name in entries.get(kind, ())]
    return tuple(name.decode("utf-8", "replace") for name in names)


current_call: ContextVar[Call | None] = ContextVar("current_call", default=None)
"""The running task's call. Calls to an upstream and log lines inherit from it."""


@dataclass(slots=True, eq=False)
class UpstreamCall:
    """One call to an upstream.

    Attributes:
        method: full name, as in `/user.Orchestrator2Service/GetUser`.
        started: when it began, in seconds of `time.perf_counter`.
        timeout: seconds it may take.
        request_id: the served call's, or a new one.
        trace_context: the trace headers that the upstream gets. An interceptor may replace it.
        metadata: what else travels with the call. An interceptor may add to it.
        attachments: what interceptors keep of the call, each under itself as the key.
        is_over: whether the interceptors have been told of its end.
        target: where the upstream is, as `rpc.core.address.parse_target` takes it.
    """

    method: str
    started: float
    timeout: float
    request_id: str
    trace_context: TraceContext
    metadata: tuple[tuple[str, str | bytes], ...] = ()
    attachments: dict[object, Any] | None = None
    is_over: bool = False
    target: str = ""

    def outgoing_metadata(self) -> tuple[tuple[str, str | bytes], ...]:
        """What travels with the call, ids and trace included."""
        return ((REQUEST_ID, self.request_id), *self.trace_context, *self.metadata)


def new_request_id() -> str:
    """A unique id: 128 random bits in hexadecimal."""
    return os.urandom(16).hex()


def usable_request_id(given: str) -> str:
    """The caller's request id, or a new one if it is unusable."""
    return given if _REQUEST_ID.fullmatch(given) else new_request_id()


def read_ids(metadata: Iterable[tuple[str, str | bytes]]) -> tuple[str, TraceContext]:
    """The request id, or a new one if there is none to use, with trace and baggage."""
    request_id = ""
    trace_headers: dict[str, str] = {}
    for key, value in metadata:
        if not isinstance(value, str):
            continue
        if key == REQUEST_ID:
            request_id = value
        elif key in PROPAGATED:
            # Several lists are one, https://www.rfc-editor.org/rfc/rfc9110#section-5.3.
            earlier = trace_headers.get(key)
            trace_headers[key] = value if earlier is None else f"{earlier},{value}"
    trace_context = read_trace_context(trace_headers) if trace_headers else ()
    return usable_request_id(request_id), trace_context
