"""The one response of a unary call, or of a call with a stream of requests.

This is the path of most calls. The call is the Future its caller awaits. It has no Task, even when
it is tried again.
"""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import TYPE_CHECKING, Any

import grpc

from wire.channel.exchange import in_pieces
from wire.channel.outcome import Outcome
from wire.channel.responses import (
    OK_TRAILERS,
    ResponseError,
    check_head,
    encoding_of,
    fault_error,
    peer_error,
)
from wire.errors import MessageError
from wire.protocol.messages import MessageParser, only_message, plain_message

if TYPE_CHECKING:
    from wire.channel.connection import ClientConnection
    from wire.channel.method import Method
    from wire.http2.fields import Fields
    from wire.protocol.metadata import Field

    ResponseFuture = asyncio.Future[Any]
else:
    ResponseFuture = asyncio.Future


class UnaryResponseCall(ResponseFuture, Outcome):
    """A call with one response to await."""

    __slots__ = (
        "_attempts",
        "_backoffs",
        "_connection",
        "_expires",
        "_head",
        "_head_waiter",
        "_message",
        "_metadata",
        "_method",
        "_parser",
        "_response",
        "_slot",
        "_stream_id",
        "_timer",
        "_trailers",
        "_was_refused",
        "wait_for_ready",
    )

    lasts = False

    def __init__(
        self,
        method: Method,
        timeout: float | None,
        metadata: list[Field],
        wait_for_ready: bool,  # noqa: FBT001 - positional, because it is the hot path
        message: bytes = b"",
    ) -> None:
        super().__init__(loop=method.dispatcher.loop)
        self._method = method
        self._metadata = metadata
        self.wait_for_ready = wait_for_ready
        self._message = message
        if timeout is None:
            self._expires = None
            self._slot = None
        else:
            self._expires = expires = perf_counter() + timeout
            self._slot = method.dispatcher.deadlines.add_at(expires, self)
        self._connection = None
        self._attempts = 0
        self._was_refused = False
        self._timer = None
        self._head: Fields | None = None
        self._head_waiter: asyncio.Future[None] | None = None
        self._trailers: Fields = []
        self._parser: MessageParser | None = None
        self._response: bytes | None = None

    # --- callbacks of a connection

    def head_received(self, fields: Fields) -> None:
        """The response begins."""
        connection = self._connection
        if connection is None:
            return
        if fields != connection.known_head:
            self._begin_response(fields)
            return
        self._head = fields
        if self._head_waiter is not None:
            self._tell_of_head()

    def response_received(self, head: Fields, data: bytes, trailers: Fields) -> None:
        """The whole response."""
        connection = self._connection
        # The usual one in one step. What is not usual goes the long way.
        if (
            connection is not None
            and head == connection.known_head
            and trailers == OK_TRAILERS
            and self._parser is None
            and self._response is None
            and self._head_waiter is None
        ):
            self._response = only_message(data, connection.limits.max_message_bytes)
            if self._response is not None:
                self._head = head
                self._connection = None
                self._succeed(trailers, connection)
                return
        in_pieces(self, head, data, trailers)

    def trailers_received(self, fields: Fields) -> None:
        """The response ends."""
        connection = self._connection
        if connection is None:
            return
        self._connection = None
        if fields == OK_TRAILERS:
            self._succeed(fields, connection)
        else:
            self._end_response(fields, connection)

    def _begin_response(self, fields: Fields) -> None:
        assert self._connection is not None  # noqa: S101 - a type checker's hint
        try:
            check_head(fields)
        except ResponseError as fault:
            self._fail_here(fault.code, f"{self._connection.peer}: {fault.cause}")
            return
        self._head = fields
        self._connection.known_head = fields
        self._tell_of_head()

    def _end_response(self, trailers: Fields, connection: ClientConnection) -> None:
        peer = connection.peer
        try:
            error = peer_error(self._head, trailers, peer)
        except ResponseError as fault:
            error = fault_error(fault, peer)
        self._trailers = trailers
        if error is None:
            self._succeed(trailers, connection)
        else:
            self._fail(error, trailers)

    def _succeed(self, trailers: Fields, connection: ClientConnection) -> None:
        self._trailers = trailers
        response = self._response
        if response is None:
            cause = f"{connection.peer}: the status is OK, but there is no response"
            self._fail_here(grpc.StatusCode.INTERNAL, cause)
            return
        try:
            result = self._method.deserialize(response)
        except Exception as error:  # noqa: BLE001 - whatever a deserializer raises
            cause = f"{connection.peer}: the response cannot be read: {error!r}"
            self._fail_here(grpc.StatusCode.INTERNAL, cause)
            return
        self._response = None
        slot = self._slot
        if slot is not None:
            slot.pop(self, None)
        throttle = self._method.dispatcher.throttle
        if throttle is not None:
            throttle.succeeded()
        self.set_result(result)

    def data_received(self, data: bytes) -> None:
        """The response, or a part of it."""
        connection = self._connection
        if connection is None:
            return
        if self._parser is None and self._response is None:
            self._response = only_message(data, connection.limits.max_message_bytes)
            if self._response is not None:
                return
        self._part_received(data, connection)

    def _part_received(self, data: bytes, connection: ClientConnection) -> None:
        limit = connection.limits.max_message_bytes
        try:
            if self._response is not None and data:
                raise _second_response()
            if self._parser is None:
                self._parser = MessageParser(limit)
            for message in self._parser.feed(data):
                self._message_received(message, limit)
        except MessageError as error:
            self._fail_here(error.code, f"{connection.peer}: {error.details}")
            return
        connection.acknowledge(self._stream_id, len(data))

    def _message_received(self, message: tuple[bool, bytes], limit: int) -> None:
        if self._response is not None:
            raise _second_response()
        self._response = plain_message(message, encoding_of(self._head or []), limit)

    def writable(self) -> None:
        """The request is queued as a whole."""

    # --- attempts

    def _is_committed(self) -> bool:
        return self._head is not None

    def _begin_again(self) -> None:
        self._parser = None
        self._response = None

    def _settle(self, error: grpc.aio.AioRpcError) -> None:
        self._release()
        self._tell_of_head()
        if not self.done():
            self.set_exception(error)
            # Not everybody awaits a call, which asyncio would log.
            super().exception()

    def cancel(self, msg: Any = None) -> bool:
        """End the call here and at the server."""
        if not super().cancel(msg):
            return False
        self._abandon()
        self._tell_of_head()
        return True

    # --- what callers ask

    def _tell_of_head(self) -> None:
        waiter = self._head_waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    async def ended(self) -> None:
        """Returns when the call is over, in whichever way."""
        if not self.done():
            await asyncio.wait((self,))

    async def _begun(self) -> None:
        if self._head is None and not self.done():
            if self._head_waiter is None:
                self._head_waiter = self._method.dispatcher.loop.create_future()
            await asyncio.wait((self._head_waiter,))

    def _error(self) -> BaseException | None:
        return asyncio.CancelledError() if self.cancelled() else self.exception()

    async def wait_for_connection(self) -> None:
        """Waits until the server responds. Raises what the call fails with."""
        await self._begun()
        if self.done():
            self.result()


def _second_response() -> MessageError:
    return MessageError(grpc.StatusCode.UNIMPLEMENTED, "a unary call has two responses")
