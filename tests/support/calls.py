"""Calls for tests of one part of `rpc`, without a server."""

import time
from collections.abc import Callable
from typing import cast

from rpc.core.call import Call, ServicerContext
from rpc.core.trace_context import TraceContext

import grpc

METHOD = "/user.Orchestrator1Service/GetUserByName"
PEER = "ipv4:127.0.0.1:50000"


class ArrivingContext:
    """gRPC's view of an arriving call."""

    def __init__(
        self, metadata: tuple[tuple[str, str | bytes], ...] = (), remaining: float | None = None
    ) -> None:
        self._metadata = metadata
        self._remaining = remaining
        self.callbacks: list[Callable[[object], None]] = []

    def invocation_metadata(self) -> tuple[tuple[str, str | bytes], ...]:
        """The metadata from the caller."""
        return self._metadata

    def time_remaining(self) -> float | None:
        """Seconds until the caller's deadline."""
        return self._remaining

    def code(self) -> grpc.StatusCode | None:
        """The servicer's status code."""
        return None

    def add_done_callback(self, callback: Callable[[object], None]) -> None:
        """Stores a callback for the call's end."""
        self.callbacks.append(callback)

    def peer(self) -> str:
        """The caller's address."""
        return PEER


def arriving_context(
    *metadata: tuple[str, str | bytes], remaining: float | None = None
) -> ServicerContext:
    """A context for a call with this metadata and remaining time."""
    return cast("ServicerContext", ArrivingContext(metadata, remaining))


def make_call(  # noqa: PLR0913  # all by name
    *,
    method: str = METHOD,
    trace_context: TraceContext = (),
    expires: float | None = None,
    request_id: str = "id",
    known: bool = True,
    streaming: bool = False,
    callers: tuple[str, ...] = (),
    metadata: tuple[tuple[str, str | bytes], ...] = (),
) -> Call:
    """A call before its servicer begins."""
    context, now = arriving_context(*metadata), time.perf_counter()
    return Call(
        method,
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
