"""Client interceptors of grpc.aio: each sees a call before the next one, and the last one sends it.

An intercepted call has a Task of its own, because interceptors are coroutines. Channels without
interceptors have none of this.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import grpc

from wire.channel.intercepted_call import (
    InterceptedCall,
    InterceptedStreamStreamCall,
    InterceptedStreamUnaryCall,
    InterceptedUnaryStreamCall,
    InterceptedUnaryUnaryCall,
)
from wire.channel.written_requests import WrittenRequests

_KINDS = {
    grpc.aio.UnaryUnaryClientInterceptor: "intercept_unary_unary",
    grpc.aio.UnaryStreamClientInterceptor: "intercept_unary_stream",
    grpc.aio.StreamUnaryClientInterceptor: "intercept_stream_unary",
    grpc.aio.StreamStreamClientInterceptor: "intercept_stream_stream",
}

_Continuation = Callable[[grpc.aio.ClientCallDetails, Any], Awaitable[Any]]


def of_kind(
    interceptors: Sequence[grpc.aio.ClientInterceptor], kind: type[grpc.aio.ClientInterceptor]
) -> list[Callable[..., Awaitable[Any]]]:
    """The methods of the interceptors for calls of a kind."""
    return [getattr(each, _KINDS[kind]) for each in interceptors if isinstance(each, kind)]


def require_known(interceptors: Sequence[Any]) -> None:
    """Raises ValueError for an interceptor of no known kind: it would never be called."""
    for interceptor in interceptors:
        if not isinstance(interceptor, tuple(_KINDS)):
            raise ValueError(f"{interceptor!r} is none of grpc.aio's client interceptors")  # noqa: TRY004


async def _at_once(given: Any) -> Any:
    return given


class InterceptedMultiCallable:
    """Stands before a multicallable, and has its calls intercepted. Each kind has a subclass."""

    _call: type[InterceptedCall]
    _sends_many = False

    def __init__(
        self,
        method: str,
        make: Callable[[str], Callable[..., Any]],
        interceptors: list[Callable[..., Any]],
    ) -> None:
        """Wraps a multicallable.

        Args:
            method: as in `/user.Orchestrator2Service/GetUser`.
            make: makes the multicallable of a method. Interceptors may name another one.
            interceptors: from `of_kind`, the outermost first.
        """
        self._method = method
        self._make = make
        self._send = make(method)
        self._interceptors = interceptors

    def __call__(  # noqa: PLR0913, PLR0917 - grpc.aio's shape
        self,
        request: Any = None,
        timeout: float | None = None,
        metadata: Any = None,
        credentials: grpc.CallCredentials | None = None,
        wait_for_ready: bool | None = None,  # noqa: FBT001 - as grpc.aio has it
        compression: grpc.Compression | None = None,
        request_iterator: Any = None,
    ) -> InterceptedCall:
        """Begins a call. Requests have one of two names, by the kind of the call."""
        if request_iterator is not None:
            request = request_iterator
        details = grpc.aio.ClientCallDetails(
            self._method.encode(),  # type: ignore[arg-type]  # bytes, as grpc.aio's own
            timeout,
            grpc.aio.Metadata(*(metadata or ())),
            credentials,
            wait_for_ready,
        )
        written = WrittenRequests() if self._sends_many and request is None else None
        requests = request if written is None else written
        sent: list[Any] = []
        intercepting = self._proceed(0, compression, sent)(details, requests)
        return self._call(intercepting, written, sent)

    def _proceed(
        self, position: int, compression: grpc.Compression | None, sent: list[Any]
    ) -> _Continuation:
        """What the interceptor before this position continues with."""

        async def proceed(details: grpc.aio.ClientCallDetails, request: Any) -> Any:
            if position < len(self._interceptors):
                following = self._proceed(position + 1, compression, sent)
                given = await self._interceptors[position](following, details, request)
                return given if position == 0 else self._as_call(given, sent)
            call = self._sender(details.method)(
                request,
                timeout=details.timeout,
                metadata=details.metadata,
                credentials=details.credentials,
                wait_for_ready=details.wait_for_ready,
                compression=compression,
            )
            sent.append(call)
            return call

        return proceed

    def _as_call(self, given: Any, sent: list[Any]) -> Any:
        """What an interceptor may await, even where the next one gave its own response."""
        if hasattr(given, "add_done_callback"):
            return given
        return self._call(_at_once(given), None, sent)

    def _sender(self, method: str | bytes) -> Callable[..., Any]:
        path = method.decode() if isinstance(method, bytes) else method
        return self._send if path == self._method else self._make(path)


@grpc.aio.UnaryUnaryMultiCallable.register
class _UnaryUnary(InterceptedMultiCallable):
    _call = InterceptedUnaryUnaryCall


@grpc.aio.UnaryStreamMultiCallable.register
class _UnaryStream(InterceptedMultiCallable):
    _call = InterceptedUnaryStreamCall


@grpc.aio.StreamUnaryMultiCallable.register
class _StreamUnary(InterceptedMultiCallable):
    _call = InterceptedStreamUnaryCall
    _sends_many = True


@grpc.aio.StreamStreamMultiCallable.register
class _StreamStream(InterceptedMultiCallable):
    _call = InterceptedStreamStreamCall
    _sends_many = True


INTERCEPTED: dict[type[grpc.aio.ClientInterceptor], type[InterceptedMultiCallable]] = {
    grpc.aio.UnaryUnaryClientInterceptor: _UnaryUnary,
    grpc.aio.UnaryStreamClientInterceptor: _UnaryStream,
    grpc.aio.StreamUnaryClientInterceptor: _StreamUnary,
    grpc.aio.StreamStreamClientInterceptor: _StreamStream,
}
"""What intercepts calls, by the kind of its interceptors."""
