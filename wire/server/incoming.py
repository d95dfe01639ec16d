"""The caller's part of a call: its requests as they arrive, and what is held of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import grpc

from wire.errors import MessageError
from wire.protocol.compression import IDENTITY
from wire.protocol.messages import only_message
from wire.server.context import Context
from wire.server.requests import Requests

if TYPE_CHECKING:
    from wire.http2.stream import Stream
    from wire.server.methods import Method

_SMALL_MESSAGE = 1024


class Incoming(Context):
    """A call as its requests come in, whole or in pieces."""

    # Defaults of the class, as in Context.
    handler: Method | None = None
    requests: Requests | None = None
    requests_ended = False
    has_request = False
    """The first message is whole, or none will come: the caller is not silent."""
    closed = False
    """Nobody waits for the call any more."""
    _held_request = 0

    stream: Stream

    def receive(self, data: bytes, *, last: bool) -> None:
        """Take bytes of the caller's messages."""
        method = self.handler
        if self.ended or method is None:
            self.acknowledge(len(data))
            return
        if last and self.requests is None and not method.request_streaming:
            # Nearly every unary request: one message in one frame.
            message = only_message(data, self.connection.limits.max_message_bytes)
            if message is not None:
                self.requests_ended = self.has_request = True
                if len(message) <= _SMALL_MESSAGE:
                    # What a call is counted for anyway has room for it.
                    self.connection.dispatcher.begin(self, message)  # type: ignore[arg-type]
                else:
                    self._begin_large(message)
                return
        try:
            self._receive_piece(data)
            if last:
                self.end_of_requests()
        except MessageError as error:
            self._refuse_requests(error.code, error.details)

    def _receive_piece(self, data: bytes) -> None:
        requests = self.requests or self._begin_requests()
        requests.feed(self, data)
        if requests.count:
            self.has_request = True
            if requests.count > 1 and not self._is_stream:
                self.fail(grpc.StatusCode.UNIMPLEMENTED, "a unary method takes one request")

    def _begin_requests(self) -> Requests:
        encoding = self.headers.get(b"grpc-encoding", IDENTITY)
        self.requests = Requests(encoding, self.connection.limits.max_message_bytes)
        return self.requests

    @property
    def _is_stream(self) -> bool:
        return self.handler is not None and self.handler.request_streaming

    def end_of_requests(self) -> None:
        """The caller sends no more."""
        self.requests_ended = self.has_request = True
        if self.ended:
            return
        requests = self.requests
        if requests is not None and requests.is_cut:
            details = "the requests end within a message"
            self._refuse_requests(grpc.StatusCode.INTERNAL, details)
        elif self._is_stream:
            if requests is not None:
                requests.wake()
        elif requests is None or not requests.count:
            self.fail(grpc.StatusCode.UNIMPLEMENTED, "a unary method takes one request")
        else:
            try:
                message = requests.take(self)
            except MessageError as error:
                self.fail(error.code, error.details)
            else:
                self._begin_large(message)

    def _refuse_requests(self, code: grpc.StatusCode, details: str) -> None:
        """End the call for what its caller has sent. A method that runs is of no use any more."""
        self.fail(code, details)
        self.stop_running()

    def _begin_large(self, message: bytes) -> None:
        self.hold_requests(len(message))
        if not self.ended:
            self.connection.dispatcher.begin(self, message)  # type: ignore[arg-type]

    def acknowledge(self, taken: int) -> None:
        """Let the caller send more."""
        self.connection.acknowledge(self.stream.id, taken)

    def hold_requests(self, size: int) -> None:
        """Count what the call holds of its requests. Too much of it ends the call."""
        if self.closed:
            return
        held = self.connection.held
        more = size - self._held_request
        if more > 0 and not held.has_room(more):
            details = "the server holds too many bytes"
            self._refuse_requests(grpc.StatusCode.RESOURCE_EXHAUSTED, details)
            return
        held.count += more
        self._held_request = size

    async def read(self) -> Any:
        """The next request, or grpc.aio.EOF behind the last."""
        requests = self.requests or self._begin_requests()
        message = await requests.read(self)
        if message is grpc.aio.EOF:
            return message
        return self.parsed(message)

    def parsed(self, message: bytes) -> Any:
        """The request in a message.

        Raises:
          MessageError: the message cannot be parsed.
        """
        parse = self.handler.parse if self.handler is not None else None
        if parse is None:
            return message
        try:
            return parse(message)
        except Exception as error:
            raise unreadable_request() from error


def unreadable_request() -> MessageError:
    """The error for a request refused by its method's parser."""
    return MessageError(
        grpc.StatusCode.INTERNAL, "the request is not a valid message of the method's type"
    )
