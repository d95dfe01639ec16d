"""Calls to an upstream, each made on behalf of the call that this server is answering."""

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from rpc.core.call import REQUEST_ID_KEY, current_call, new_request_id
from rpc.core.deadline import upstream_timeout
from rpc.core.trace_context import TraceContext
from rpc.transports.grpcio.renewed_channel import RenewedChannel

import grpc

Request = Any
Response = Any


@dataclass(slots=True)
class UpstreamCall:
    """One call to an upstream.

    Attributes:
        method: full name, as in `/user.Orchestrator2Service/GetUser`.
        started: when it began, in seconds of `time.perf_counter`.
        timeout: seconds that it may take.
        request_id: that of the call it serves, or a new one.
        trace_context: what the upstream is told of the trace; an observer may replace it.
        span: the tracing part's own.
    """

    method: str
    started: float
    timeout: float
    request_id: str
    trace_context: TraceContext
    span: Any = None

    @classmethod
    def beginning(cls, method: str, default_timeout: float) -> "UpstreamCall":
        """Inherits from the call that the running task answers, where there is one."""
        started = time.perf_counter()
        call = current_call.get()
        if call is None:
            return cls(method, started, default_timeout, new_request_id(), ())
        timeout = upstream_timeout(call.expires, default_timeout)
        return cls(method, started, timeout, call.request_id, call.trace_context)

    def metadata(self) -> tuple[tuple[str, str], ...]:
        """What travels with the call."""
        return ((REQUEST_ID_KEY, self.request_id), *self.trace_context)


class UpstreamObserver(Protocol):
    """Is told of each call to an upstream, on the event loop, so it must not block."""

    def upstream_started(self, call: UpstreamCall) -> None:
        """The call is about to be sent."""

    def upstream_finished(self, call: UpstreamCall, code: grpc.StatusCode, seconds: float) -> None:
        """The call is over."""


class UpstreamChannel:
    """Stands in for a channel where a stub is made, so that a servicer calls the stub as it is.

    Each call takes the deadline, the request id and the trace of the call that the running task
    answers, is cancelled with it, and waits for the upstream while there is time. It is no client
    interceptor because grpc.aio starts a further task for each call that is intercepted.
    """

    def __init__(
        self,
        channel: grpc.aio.Channel | RenewedChannel,
        default_timeout: float,
        observers: Sequence[UpstreamObserver] = (),
    ) -> None:
        """Wraps a channel.

        Args:
            channel: carries the calls.
            default_timeout: seconds for a call whose caller brought no deadline.
            observers: are told of each call.
        """
        self._channel = channel
        self._default_timeout = default_timeout
        self._observers = tuple(observers)

    def unary_unary(self, method: str, *args: Any, **kwargs: Any) -> "UpstreamMethod":
        """What a generated stub asks for, once for each of its unary methods."""
        send = self._channel.unary_unary(method, *args, **kwargs)
        return _upstream_method(method, send, self._default_timeout, self._observers)

    def _refuse(self, method: str, *_: Any, **__: Any) -> "UpstreamMethod":
        """What a stub asks for that has methods with streams, too."""

        async def refuse_stream(_: Request) -> Response:
            raise NotImplementedError(f"{method} has streams; calls to an upstream have none")

        return refuse_stream

    unary_stream = stream_unary = stream_stream = _refuse

    async def close(self) -> None:
        """Closes the channel; calls under way are cancelled."""
        await self._channel.close()


UpstreamMethod = Callable[[Request], Awaitable[Response]]
"""Calls one method of the upstream; raises grpc.aio.AioRpcError where the call fails."""


def _upstream_method(
    method: str, send: Any, default_timeout: float, observers: Sequence[UpstreamObserver]
) -> UpstreamMethod:
    async def call_upstream(request: Request) -> Response:
        call = UpstreamCall.beginning(method, default_timeout)
        for observer in observers:
            observer.upstream_started(call)
        code = grpc.StatusCode.CANCELLED
        try:
            response = await send(
                request, timeout=call.timeout, metadata=call.metadata(), wait_for_ready=True
            )
            code = grpc.StatusCode.OK
            return response
        except grpc.aio.AioRpcError as error:
            code = error.code()
            raise
        finally:
            seconds = time.perf_counter() - call.started
            for observer in observers:
                observer.upstream_finished(call, code, seconds)

    return call_upstream
