"""Calls for tests of one part of `rpc`, without a server around them."""

import time
from typing import cast

from rpc.core.call import Call, ServicerContext
from rpc.core.trace_context import TraceContext

import grpc

METHOD = "/user.Orchestrator1Service/GetUserByName"
PEER = "ipv4:127.0.0.1:50000"


class ArrivingContext:
    """What gRPC knows of a call that arrives."""

    def __init__(
        self, metadata: tuple[tuple[str, str | bytes], ...] = (), remaining: float | None = None
    ) -> None:
        self._metadata = metadata
        self._remaining = remaining

    def invocation_metadata(self) -> tuple[tuple[str, str | bytes], ...]:
        """What the caller sent along."""
        return self._metadata

    def time_remaining(self) -> float | None:
        """Seconds until the caller gives up."""
        return self._remaining

    def code(self) -> grpc.StatusCode | None:
        """The status that the servicer has set."""
        return None

    def peer(self) -> str:
        """Who calls."""
        return PEER


def arriving_context(
    *metadata: tuple[str, str | bytes], remaining: float | None = None
) -> ServicerContext:
    """A context for a call with that metadata and that time."""
    return cast("ServicerContext", ArrivingContext(metadata, remaining))


def make_call(  # noqa: PLR0913  # all by name
    *,
    trace_context: TraceContext = (),
    expires: float | None = None,
    request_id: str = "id",
    known: bool = True,
    streaming: bool = False,
    callers: tuple[str, ...] = (),
    metadata: tuple[tuple[str, str | bytes], ...] = (),
) -> Call:
    """A call that has just arrived."""
    context, now = arriving_context(*metadata), time.perf_counter()
    return Call(
        METHOD,
        context,
        now,
        expires,
        PEER,
        request_id,
        trace_context,
        known,
        streaming,
        callers,
    )
