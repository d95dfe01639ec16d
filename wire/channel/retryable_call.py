"""What calls of all kinds share: being sent, failing, being tried again, running out of time."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Any

import grpc

from wire.channel.connectivity import READY
from wire.channel.failures import transport_error
from wire.channel.retries import PREVIOUS_ATTEMPTS, delay_before_retry, pushback_of
from wire.http2.error_codes import name_of
from wire.protocol.status import status_of_reset
from wire.protocol.timeout import format_timeout

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterable

    from wire.channel.connection import ClientConnection
    from wire.channel.method import Method
    from wire.http2.fields import Fields
    from wire.loop.deadlines import Slot
    from wire.protocol.metadata import Field


class RetryableCall:
    """A call, of any number of attempts (gRFC A6), on whichever connections.

    A call is committed, and so never tried again, once a response has begun. A page of HTTP, as
    proxies send them for a server that is away, is no response. A request unseen by
    any server goes elsewhere at once: any number of times if it was never sent, once if a server
    refused it.
    """

    if not TYPE_CHECKING:
        # Subclasses have the slots, because some of them are Futures.
        __slots__ = ()

    wait_for_ready: bool
    _method: Method
    _metadata: list[Field]
    _expires: float | None
    _slot: Slot | None
    _connection: ClientConnection | None
    _stream_id: int
    _attempts: int
    _backoffs: int
    """Failed attempts since the last pushback. It is set when the first one fails."""
    _was_refused: bool
    _timer: asyncio.TimerHandle | None

    # --- what a subclass does

    def send_on(self, connection: ClientConnection) -> None:
        """Begin an attempt."""
        raise NotImplementedError

    def cancel(self) -> bool:
        """End the call."""
        raise NotImplementedError

    def _is_committed(self) -> bool:
        raise NotImplementedError

    def _begin_again(self) -> None:
        """Forget what has come of the attempt before."""
        raise NotImplementedError

    def _settle(self, error: grpc.aio.AioRpcError) -> None:
        """End the call."""
        raise NotImplementedError

    def add_done_callback(self, callback: Any) -> None:
        """Call back when the call is over."""
        raise NotImplementedError

    async def ended(self) -> None:
        """Returns when the call is over."""
        raise NotImplementedError

    def done(self) -> bool:
        """Whether the call is over."""
        raise NotImplementedError

    def head_received(self, fields: Fields) -> None:
        """The response begins."""
        raise NotImplementedError

    def data_received(self, data: bytes) -> None:
        """A part of the response's messages has arrived."""
        raise NotImplementedError

    def response_received(self, head: Fields, data: bytes, trailers: Fields) -> None:
        """The whole response."""
        raise NotImplementedError

    def trailers_received(self, fields: Fields) -> None:
        """The response ends."""
        raise NotImplementedError

    def writable(self) -> None:
        """The stream takes data again."""
        raise NotImplementedError

    # --- what a subclass calls

    def _timeout_value(self) -> bytes | None:
        return None if self._expires is None else format_timeout(self._expires - perf_counter())

    def _request_metadata(self) -> list[Field]:
        if not self._attempts:
            return self._metadata
        return [*self._metadata, (PREVIOUS_ATTEMPTS, b"%d" % self._attempts)]

    def _fail_here(self, code: grpc.StatusCode, cause: str) -> None:
        """End an attempt that has failed on this side."""
        self._leave_stream()
        self._fail(transport_error(code, cause), ())

    def _fail(self, error: grpc.aio.AioRpcError, trailers: Iterable[Field]) -> None:
        """An attempt has failed: make another, or end the call."""
        self._connection = None
        if not self._attempts:
            self._backoffs = 0
        self._attempts += 1
        delay = None if self._is_committed() else self._delay(error.code(), trailers)
        if delay is None:
            self._settle(error)
            return
        self._begin_again()
        self._method.dispatcher.retrying[self] = None
        self._timer = self._method.dispatcher.loop.call_later(delay, self._try_again)

    def _delay(self, code: grpc.StatusCode, trailers: Iterable[Field]) -> float | None:
        pushback = pushback_of(trailers)
        self._backoffs = self._backoffs + 1 if pushback is None else 0
        delay = delay_before_retry(
            self._method.config.retry,
            self._method.dispatcher.throttle,
            self._attempts,
            self._backoffs,
            code,
            pushback,
        )
        if delay is None or self._expires is None:
            return delay
        # An attempt that would come too late would only hide why the last one failed.
        return delay if perf_counter() + delay < self._expires else None

    def _try_again(self) -> None:
        self._timer = None
        self._method.dispatcher.retrying.pop(self, None)
        self._method.dispatcher.submit(self)

    def _leave_stream(self) -> None:
        connection = self._connection
        if connection is not None:
            self._connection = None
            connection.cancel(self._stream_id)

    def _release(self) -> None:
        """Let go of everything able to wake the call."""
        if self._slot is not None:
            self._slot.pop(self, None)
            self._slot = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _abandon(self) -> None:
        """Let go of the stream, or of the place in a queue, too."""
        self._release()
        if self._connection is None:
            self._method.dispatcher.withdraw(self)
        else:
            self._leave_stream()

    def _raise_for_status(self) -> None:
        """Raise what the call has failed with."""
        raise NotImplementedError

    # --- callbacks of a connection and a dispatcher

    def ended_without_trailers(self) -> None:
        """The response ends as none of gRPC does."""
        if self._connection is not None:
            cause = f"{self._connection.peer} has ended a response without a status"
            self._fail_here(grpc.StatusCode.INTERNAL, cause)

    def expire(self) -> None:
        """The deadline is over."""
        if self._connection is not None:
            cause = f"no response from {self._connection.peer} within the deadline"
        elif self._method.dispatcher.connectivity.state is READY:
            cause = "no free stream within the deadline: the server takes no more at once"
        else:
            reason = self._method.dispatcher.connectivity.last_error or "no connection yet"
            cause = f"no connection within the deadline: {reason}"
        self._abandon()
        self._settle(transport_error(grpc.StatusCode.DEADLINE_EXCEEDED, cause))

    def expire_unsent(self) -> None:
        """The deadline was over before the request could be sent."""
        self._release()
        cause = "the deadline was over before the request was sent"
        self._settle(transport_error(grpc.StatusCode.DEADLINE_EXCEEDED, cause))

    def unreachable(self, cause: str) -> None:
        """There is no connection, and the call does not want to wait."""
        self._fail(transport_error(grpc.StatusCode.UNAVAILABLE, cause), ())

    def refused(self, cause: str) -> None:
        """The server has not processed the request."""
        self._connection = None
        if self._was_refused or self._is_committed():
            self._fail(transport_error(grpc.StatusCode.UNAVAILABLE, cause), ())
            return
        self._was_refused = True
        self._begin_again()
        self._method.dispatcher.submit(self)

    def reset(self, error_code: int) -> None:
        """The server has reset the stream."""
        peer = "" if self._connection is None else self._connection.peer
        self._connection = None
        cause = f"{peer} has reset the stream: {name_of(error_code)}"
        code = status_of_reset(error_code)
        if code is grpc.StatusCode.CANCELLED and self._is_late():
            # Servers cancel at the deadline, too, and may be a few milliseconds quicker.
            code = grpc.StatusCode.DEADLINE_EXCEEDED
        self._fail(transport_error(code, cause), ())

    def _is_late(self) -> bool:
        return self._expires is not None and perf_counter() >= self._expires

    def unreadable(self, cause: str) -> None:
        """The response breaks HTTP/2. The stream is being reset."""
        self._connection = None
        self._fail(transport_error(grpc.StatusCode.INTERNAL, cause), ())

    def disconnected(self, cause: str, *, unsent: bool) -> None:
        """The connection is lost."""
        self._connection = None
        if unsent and not self._is_committed():
            self._begin_again()
            self._method.dispatcher.submit(self)
        else:
            self._fail(transport_error(grpc.StatusCode.UNAVAILABLE, cause), ())
