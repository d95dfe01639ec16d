"""One call being handled: from its headers to the last byte of its response.

A call ends once (`end`): its status is decided, observers are called, and it is queued to be
written. It closes once (`close`): the response has left, or nobody waits for it any more.
"""

from __future__ import annotations

import logging
from time import perf_counter
from typing import TYPE_CHECKING, Any

import grpc

from wire.http2.error_codes import CANCEL
from wire.loop.waiters import Waiters
from wire.protocol.compression import IDENTITY, compress
from wire.protocol.messages import frame_message
from wire.protocol.metadata import Field, encode_metadata
from wire.protocol.status import encode_message, status_number
from wire.server.held import CALL_BYTES, MESSAGE_BYTES
from wire.server.incoming import Incoming
from wire.server.observer import guarded

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterable

    from wire.http2.stream import Stream
    from wire.loop.deadlines import Slot
    from wire.server.connection import ServerConnection

_OK = grpc.StatusCode.OK
_TOO_MUCH = grpc.StatusCode.RESOURCE_EXHAUSTED
_TOO_LARGE = "the response is larger than the limit"
# Characters of what a caller sent that a text for it repeats.
_QUOTED = 100
_logger = logging.getLogger(__name__)


class Call(Incoming):
    """A call, on a stream of a connection. It is also its servicer's context."""

    # Defaults of the class, as in Context.
    task: asyncio.Task[None] | None = None
    running = False
    """The servicer's method has begun and is not over."""
    lasts = False
    """It has sent one of many responses."""
    slot: Slot | None = None
    _writers: Waiters | None = None
    """Tasks of the servicer that wait to write, where one had to."""
    _held_response = 0

    def __init__(
        self,
        connection: ServerConnection,
        stream: Stream,
        fields: Iterable[Field],
        headers: dict[bytes, bytes],
        method: str,
    ) -> None:
        self.connection = connection
        self.stream = stream
        self.fields = fields
        self.headers = headers
        self.method = method
        self.started = perf_counter()
        if connection.dispatcher.encodes:
            self._is_unusual = True
        self._held = CALL_BYTES + connection.block_bytes
        connection.held.count += self._held

    # --- responses

    async def write(self, message: Any) -> None:
        """Send a response. Waits while the caller does not take what was sent before.

        Raises:
            grpc.aio.UsageError: the call has ended, or its method returns its one response.
        """
        if self.ended:
            raise grpc.aio.UsageError("the call has ended")
        if not self.lasts:
            if self.handler is not None and not self.handler.response_streaming:
                raise grpc.aio.UsageError("a method of one response returns it")
            self.lasts = True
            self.connection.lasting += 1
        if not self._initial_sent:
            self.send_head([])
        data = self._serialized(message)
        if len(data) > self.connection.limits.max_message_bytes:
            await self.abort(_TOO_MUCH, _TOO_LARGE)
        framed = self._framed(data)
        if not self.connection.held.has_room(len(framed)):
            await self.abort(_TOO_MUCH, "the server holds too many bytes")
        has_room = self.connection.send_data(self.stream.id, framed)
        if self.stream.queue is not None:
            self._hold_responses()
            # Also when nobody waits: what has left is held no more.
            self.stream.blocked = True
        if not has_room:
            if self._writers is None:
                self._writers = Waiters()
            await self._writers.wait()

    def writable(self) -> None:
        """What was queued has left."""
        self._hold_responses()
        if self._writers is not None:
            self._writers.wake()

    def _hold_responses(self) -> None:
        if self.closed:
            return
        queue = self.stream.queue
        size = self.stream.queued + (MESSAGE_BYTES * len(queue) if queue else 0)
        self.connection.held.count += size - self._held_response
        self._held_response = size

    def _serialized(self, message: Any) -> bytes:
        serialize = self.handler.serialize if self.handler is not None else None
        data = message if serialize is None else serialize(message)
        if not isinstance(data, bytes):
            raise TypeError(f"a response is serialized to {type(data).__name__}, not to bytes")
        return data

    def _framed(self, data: bytes) -> bytes:
        encoding = self.response_encoding()
        compresses = encoding != IDENTITY and self._compress_next
        self._compress_next = True
        if compresses:
            data = compress(encoding, data)
        return frame_message(data, compressed=compresses)

    def send_head(self, fields: list[Field]) -> None:
        """Send the headers of the response."""
        self._initial_sent = self._is_unusual = True
        encoding = self.response_encoding()
        if encoding != IDENTITY:
            fields = [(b"grpc-encoding", encoding), *fields]
        self.connection.send_head(self.stream.id, fields)

    # --- the end

    def respond(self, response: Any) -> None:
        """End a call of one response: with it, or with the status set before."""
        if self.ended:
            return
        if self._code is not None and self._code is not _OK:
            self.fail(self._code, self._details or "")
            return
        try:
            data = self._serialized(response)
        except Exception:
            _logger.exception("response_not_serialized", extra={"method": self.method})
            self.fail(grpc.StatusCode.INTERNAL, "the response cannot be serialized")
            return
        connection = self.connection
        if self._is_unusual or len(data) > connection.small_response:
            self._respond_slowly(data)
            return
        self._decide(_OK, "")
        # An observer may have added trailers.
        if self._is_unusual or not connection.send_small_response(self.stream, data):
            self._send_last(data)

    def _respond_slowly(self, data: bytes) -> None:
        if len(data) > self.connection.limits.max_message_bytes:
            self.fail(_TOO_MUCH, _TOO_LARGE)
            return
        if not self.connection.held.has_room(len(data)):
            self.fail(_TOO_MUCH, "the server holds too many bytes")
            return
        self._decide(_OK, self._details or "")
        self._send_last(data)

    def _send_last(self, data: bytes) -> None:
        """Send the headers if they are due, the one message, and the status."""
        if self.closed:
            return
        trailers = self._trailers()
        if not self._initial_sent:
            self.send_head([])
        self.connection.send_data(self.stream.id, self._framed(data))
        self._hold_responses()
        self.connection.send_trailers(self.stream.id, trailers)

    def finish(self) -> None:
        """End a call of many responses, with OK or the status set before."""
        self.fail(self._code or _OK, self._details or "")

    def fail(self, code: grpc.StatusCode, details: str) -> None:
        """End the call with a status and no further message."""
        if self.ended:
            return
        self._decide(code, details)
        if not self.closed:
            trailers = self._trailers()
            if self._initial_sent:
                self.connection.send_trailers(self.stream.id, trailers)
            else:
                self.connection.send_only_trailers(self.stream.id, trailers)

    def _decide(self, code: grpc.StatusCode, details: str) -> None:
        self.ended = True
        self._code = code
        self._details = details
        if self.slot is not None:
            self.slot.pop(self, None)
        observer = self.connection.dispatcher.observer
        if observer is not None:
            try:
                observer.call_ended(self, code, details)
            except Exception:
                _logger.exception("observer_failed")
        if self._callbacks is not None:
            for callback in self._callbacks:
                guarded(callback, self)
        if self.requests is not None:
            self.requests.drop()

    def _trailers(self) -> list[Field]:
        code = self._code or _OK
        trailers = [(b"grpc-status", b"%d" % status_number(code))]
        if self._details:
            trailers.append((b"grpc-message", encode_message(self._details)))
        if self._trailing:
            try:
                trailers += encode_metadata(self._trailing)
            except Exception:
                # It is the servicer's. The status must leave, whatever is wrong with it.
                _logger.exception("trailing_metadata_refused", extra={"method": self.method})
        return trailers

    def expire(self) -> None:
        """The deadline is over."""
        self._was_cancelled = True
        if self.stream.queue is not None:
            # The caller does not read: a status behind what it has not read is of no use.
            self._decide(grpc.StatusCode.DEADLINE_EXCEEDED, "the deadline is exceeded")
            self.connection.reset_stream(self.stream.id, CANCEL)
        else:
            self.fail(grpc.StatusCode.DEADLINE_EXCEEDED, "the deadline is exceeded")
        self.stop_running()

    def give_up(self, details: str) -> None:
        """Nobody waits for the response any more: the caller has reset the stream, or is gone."""
        self._was_cancelled = True
        if not self.ended:
            self._decide(grpc.StatusCode.CANCELLED, details)
        self.stop_running()

    def refuse_encoding(self, accepted: bytes) -> None:
        """End a call with unreadable messages (compression.md)."""
        self._decide(grpc.StatusCode.UNIMPLEMENTED, "the grpc-encoding is not known")
        fields = [*self._trailers(), (b"grpc-accept-encoding", accepted)]
        self.connection.send_only_trailers(self.stream.id, fields)

    def refuse_method(self) -> None:
        """End a call of an unknown method."""
        self.fail(grpc.StatusCode.UNIMPLEMENTED, f"there is no method {self.method[:_QUOTED]}")

    def stop_running(self) -> None:
        """Cancel the servicer."""
        if self.task is not None:
            self.task.cancel()

    def stopped_running(self) -> None:
        """The servicer's method is over."""
        self.running = False
        self.task = None
        if self.closed:
            self.connection.unfinished -= 1

    def close(self) -> None:
        """The stream is over: give back what the call held."""
        if self.closed:
            return
        self.closed = True
        if self.lasts:
            self.connection.lasting -= 1
        if not self.ended:
            self.give_up("the stream is over")
        if self.running:
            # Not to be had for nothing: it counts until the servicer's method is over.
            self.connection.unfinished += 1
        self.connection.held.count -= self._held + self._held_request + self._held_response
        self._held = self._held_request = self._held_response = 0
        if self._writers is not None:
            self._writers.wake()
        observer = self.connection.dispatcher.observer
        if observer is not None:
            try:
                observer.call_closed(self)
            except Exception:
                _logger.exception("observer_failed")
