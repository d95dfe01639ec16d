"""The requests of a call with a stream of them, or of a call that may be sent again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterable
from typing import TYPE_CHECKING, Any

import grpc

from wire.channel.retryable_call import RetryableCall
from wire.loop.waiters import Waiters
from wire.protocol.compression import IDENTITY, compress
from wire.protocol.messages import frame_message

if TYPE_CHECKING:
    from wire.channel.connection import ClientConnection
    from wire.channel.method import Method

# What a call keeps to send it again, as other implementations do. A larger one is not tried again.
_MAX_KEPT = 256 * 1024

_logger = logging.getLogger(__name__)


class RequestStream(RetryableCall):
    """Writes requests as the server takes them, and keeps them while the call may be repeated."""

    if not TYPE_CHECKING:
        __slots__ = ()

    lasts = True
    _outbox: list[bytes]
    """Kept requests, each framed."""
    _kept: int
    """Bytes of them."""
    _sent: int
    """How many of them are on this attempt's stream."""
    _is_full: bool
    _requests_done: bool
    _half_closed: bool
    _is_final: bool
    """No other attempt will follow, so sent requests need not be kept."""
    _request_encoding: bytes
    _writers: Waiters
    """Tasks that wait to write."""
    _consumer: asyncio.Task[None] | None
    _is_written_to: bool
    """Its requests are written. They do not come from an iterable."""
    _failed_at_start: bool
    """It was over before its caller could write."""

    def start(self, requests: Any, encoding: bytes) -> None:
        """Begins the call, with an iterable of requests or with none, where they are written."""
        self._outbox = []
        self._kept = 0
        self._is_final = False
        self._requests_done = False
        self._request_encoding = encoding
        self._writers = Waiters()
        self._consumer = None
        self._is_written_to = requests is None
        self._reset_requests()
        self.add_done_callback(lambda _: self._stop_requests())
        if encoding != IDENTITY:
            self._metadata = [(b"grpc-encoding", encoding), *self._metadata]
        self._method.dispatcher.submit(self)
        self._failed_at_start = self.done()
        if requests is not None:
            self._consumer = self._method.dispatcher.loop.create_task(self._consume(requests))

    def start_with(self, request: Any, encoding: bytes) -> None:
        """Begins the call with its only request."""
        message = framed(self._method, request, encoding)
        self.start(None, encoding)
        self._keep(message)
        self._requests_done = True
        self._pump()

    # --- attempts

    def send_on(self, connection: ClientConnection) -> None:
        """Open a stream, and send what there is."""
        try:
            timeout = self._timeout_value()
        except TimeoutError:
            self.expire_unsent()
            return
        self._connection = connection
        self._reset_requests()
        self._stream_id = connection.open_request(
            self, self._method.path, timeout, self._request_metadata()
        )
        self._pump()

    def _reset_requests(self) -> None:
        self._sent = 0
        self._is_full = False
        self._half_closed = False

    def _commit(self) -> None:
        self._is_final = True
        self._forget_sent()

    def _keep(self, message: bytes) -> None:
        self._outbox.append(message)
        self._kept += len(message)
        if self._kept > _MAX_KEPT:
            self._is_final = True

    def _forget_sent(self) -> None:
        if self._is_final and self._sent:
            self._kept -= sum(map(len, self._outbox[: self._sent]))
            del self._outbox[: self._sent]
            self._sent = 0

    def _pump(self) -> None:
        connection = self._connection
        if connection is None:
            return
        while self._sent < len(self._outbox) and not self._is_full:
            message = self._outbox[self._sent]
            self._sent += 1
            last = self._requests_done and self._sent == len(self._outbox)
            self._half_closed = last
            self._is_full = not connection.send_data(self._stream_id, message, end_stream=last)
        if self._requests_done and not self._half_closed and self._sent == len(self._outbox):
            self._half_closed = True
            connection.send_data(self._stream_id, b"", end_stream=True)
        self._forget_sent()
        self._writers.wake()

    def writable(self) -> None:
        """The stream takes more."""
        self._is_full = False
        self._pump()

    # --- what callers do

    async def _write(self, request: Any) -> None:
        if self.done():
            if self._failed_at_start:
                self._raise_for_status()
            raise asyncio.InvalidStateError("the call is over")
        if self._requests_done:
            raise asyncio.InvalidStateError("done_writing() was called before")
        self._keep(framed(self._method, request, self._request_encoding))
        self._pump()
        while (self._is_full or self._sent < len(self._outbox)) and not self.done():
            try:
                await self._writers.wait()
            except asyncio.CancelledError:
                self.cancel()
                raise
        if self.done():
            self._raise_for_status()

    async def write(self, request: Any) -> None:
        """Sends one request. Returns when the stream takes another.

        Raises:
            grpc.aio.AioRpcError: the call has failed meanwhile, or could not begin.
            asyncio.InvalidStateError: the call was over before.
            grpc.aio.UsageError: the call has an iterable of requests.
        """
        self._require_writer()
        await self._write(request)

    async def done_writing(self) -> None:
        """Ends the stream of requests."""
        self._require_writer()
        self._finish_requests()

    async def wait_for_connection(self) -> None:
        """Waits until requests can be sent. Raises what the call fails with.

        A server may need requests before it responds.
        """
        while self._connection is None and not self.done():
            await self._writers.wait()
        if self.done():
            self._raise_for_status()

    def _require_writer(self) -> None:
        if not self._is_written_to:
            raise grpc.aio.UsageError("a call with an iterable of requests cannot be written to")

    def _finish_requests(self) -> None:
        if not self._requests_done:
            self._requests_done = True
            self._pump()

    async def _consume(self, requests: Any) -> None:
        try:
            if isinstance(requests, AsyncIterable):
                await self._write_all(requests)
            else:
                for request in requests:
                    await self._write(request)
        except (grpc.aio.AioRpcError, asyncio.InvalidStateError):
            # The call says itself what it has failed with.
            return
        except asyncio.CancelledError:
            self.cancel()
            raise
        except Exception:
            _logger.exception("requests_failed")
            self.cancel()
            return
        self._finish_requests()

    async def _write_all(self, requests: AsyncIterable[Any]) -> None:
        try:
            async for request in requests:
                await self._write(request)
        finally:
            # A generator that is left in its middle runs its `finally` blocks now, in its context.
            # Other iterables are their caller's to close.
            if isinstance(requests, AsyncGenerator):
                await requests.aclose()

    def _stop_requests(self) -> None:
        """The call is over: nobody waits to write, and nothing is left to be read."""
        self._outbox = []
        self._kept = self._sent = 0
        self._writers.wake()
        # The task has its context, and so the calls made in it: the garbage collector's work.
        consumer, self._consumer = self._consumer, None
        if consumer is not None and consumer is not _running_task():
            consumer.cancel()


def framed(method: Method, request: Any, encoding: bytes) -> bytes:
    """A request as a message on the wire."""
    message = method.serialize(request)
    if encoding == IDENTITY:
        return frame_message(message)
    return frame_message(compress(encoding, message), compressed=True)


def _running_task() -> asyncio.Task[Any] | None:
    try:
        return asyncio.current_task()
    except RuntimeError:
        return None
