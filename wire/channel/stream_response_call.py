"""The responses of a call with a stream of them."""

from __future__ import annotations

import asyncio
import logging
from time import perf_counter
from typing import TYPE_CHECKING, Any

import grpc

from wire.channel.exchange import in_pieces
from wire.channel.failures import transport_error
from wire.channel.outcome import Outcome
from wire.channel.responses import (
    ResponseError,
    check_head,
    encoding_of,
    fault_error,
    peer_error,
)
from wire.errors import MessageError
from wire.loop.waiters import Waiters
from wire.protocol.unread_messages import UnreadMessages

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from wire.channel.method import Method
    from wire.http2.fields import Fields
    from wire.protocol.metadata import Field

_logger = logging.getLogger(__name__)


class StreamResponseCall(Outcome):
    """A call with responses to read one by one.

    Unread responses are not acknowledged. So a slow reader stops the server, and holds no more than
    a stream's window.
    """

    def __init__(
        self,
        method: Method,
        timeout: float | None,
        metadata: list[Field],
        wait_for_ready: bool,  # noqa: FBT001 - as unary calls have it
    ) -> None:
        self._method = method
        self._metadata = metadata
        self.wait_for_ready = wait_for_ready
        self._expires = None if timeout is None else perf_counter() + timeout
        self._slot = None
        if self._expires is not None:
            self._slot = method.dispatcher.deadlines.add_at(self._expires, self)
        self._connection = None
        self._attempts = 0
        self._was_refused = False
        self._timer = None
        self._head: Fields | None = None
        self._trailers: Fields = []
        self._unread = UnreadMessages(0)
        self._peer = ""
        self._changes = Waiters()
        self._callbacks: list[Callable[[Any], None]] = []
        self._done = False
        self._cancelled = False
        self._failure: grpc.aio.AioRpcError | None = None
        self._iterator: AsyncIterator[Any] | None = None

    # --- callbacks of a connection

    def head_received(self, fields: Fields) -> None:
        """The responses begin."""
        connection = self._connection
        if connection is None:
            return
        try:
            check_head(fields)
        except ResponseError as fault:
            self._fail_here(fault.code, f"{connection.peer}: {fault.cause}")
            return
        self._head = fields
        self._peer = connection.peer
        self._commit()
        self._unread = UnreadMessages(connection.limits.max_message_bytes, encoding_of(fields))
        self._changes.wake()

    response_received = in_pieces

    def trailers_received(self, fields: Fields) -> None:
        """The responses end."""
        connection = self._connection
        if connection is None:
            return
        self._connection = None
        self._trailers = fields
        self._end_responses(connection.peer)

    def _end_responses(self, peer: str) -> None:
        trailers = self._trailers
        error: grpc.aio.AioRpcError | None
        try:
            error = peer_error(self._head, trailers, peer)
        except ResponseError as fault:
            error = fault_error(fault, peer)
        if error is None and not self._unread.is_whole:
            cause = f"{peer}: the last response is not whole"
            error = transport_error(grpc.StatusCode.INTERNAL, cause)
        if error is not None:
            self._fail(error, trailers)
            return
        if self._method.dispatcher.throttle is not None:
            self._method.dispatcher.throttle.succeeded()
        self._finish(None)

    def data_received(self, data: bytes) -> None:
        """A part of the responses."""
        connection = self._connection
        if connection is None:
            return
        try:
            taken = self._unread.feed(data)
        except MessageError as error:
            self._fail_here(error.code, f"{connection.peer}: {error.details}")
            return
        connection.acknowledge(self._stream_id, taken)
        if self._unread:
            self._changes.wake()

    # --- attempts

    def _is_committed(self) -> bool:
        return self._head is not None

    def _commit(self) -> None:
        """There will be no other attempt."""

    def _begin_again(self) -> None:
        self._unread = UnreadMessages(0)

    def _settle(self, error: grpc.aio.AioRpcError) -> None:
        self._finish(error)

    def _finish(self, error: grpc.aio.AioRpcError | None) -> None:
        if self._done:
            return
        self._release()
        self._done = True
        self._failure = error
        self._changes.wake()
        callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            self._call_back(callback)

    def _call_back(self, callback: Callable[[Any], None]) -> None:
        try:
            callback(self)
        except Exception:
            _logger.exception("done_callback_failed")

    def cancel(self) -> bool:
        """End the call here and at the server."""
        if self._done and not self._unread:
            return False
        self._abandon()
        self._cancelled = True
        self._unread.clear()
        self._finish(None)
        return True

    # --- what callers ask

    async def _next(self) -> Any:
        """The next response, or `grpc.aio.EOF` behind the last one of a successful call."""
        unread = self._unread
        while not unread:
            if self._done:
                self._raise_for_status()
                return grpc.aio.EOF
            try:
                await self._changes.wait()
            except asyncio.CancelledError:
                self.cancel()
                raise
            unread = self._unread
        message, taken = unread.read()
        if self._connection is not None:
            self._connection.acknowledge(self._stream_id, taken)
        try:
            return self._method.deserialize(unread.unpack(message))
        except MessageError as error:
            self._fail_response(error.code, f"{self._peer}: {error.details}")
        except Exception as error:  # noqa: BLE001 - whatever a deserializer raises
            cause = f"{self._peer}: a response cannot be read: {error!r}"
            self._fail_response(grpc.StatusCode.INTERNAL, cause)
        return grpc.aio.EOF

    def _fail_response(self, code: grpc.StatusCode, cause: str) -> None:
        self._unread.clear()
        if self._done:
            # The server's status has come already, but what it is about is not.
            self._done = False
        self._fail_here(code, cause)
        self._raise_for_status()

    def _raise_for_status(self) -> None:
        error = self._error()
        if error is not None:
            raise error

    async def read(self) -> Any:
        """The next response, or `grpc.aio.EOF` behind the last one.

        Raises:
            grpc.aio.AioRpcError: the call has failed.
            asyncio.CancelledError: it was cancelled.
        """
        return await self._next()

    def __aiter__(self) -> AsyncIterator[Any]:
        """The responses."""
        if self._iterator is None:
            self._iterator = self._responses()
        return self._iterator

    async def _responses(self) -> AsyncIterator[Any]:
        while (response := await self._next()) is not grpc.aio.EOF:
            yield response

    def done(self) -> bool:
        """Whether the call is over, in whichever way."""
        return self._done

    def cancelled(self) -> bool:
        """Whether this side has cancelled the call."""
        return self._cancelled

    def add_done_callback(self, callback: Callable[[Any], None]) -> None:
        """Calls back with the call when it is over."""
        if self._done:
            self._call_back(callback)
        else:
            self._callbacks.append(callback)

    async def ended(self) -> None:
        """Returns when the call is over, in whichever way."""
        while not self._done:
            await self._changes.wait()

    async def _begun(self) -> None:
        while self._head is None and not self._done:
            await self._changes.wait()

    def _error(self) -> BaseException | None:
        return asyncio.CancelledError() if self._cancelled else self._failure

    async def wait_for_connection(self) -> None:
        """Waits until the server responds. Raises what the call fails with."""
        await self._begun()
        if self._done:
            self._raise_for_status()
