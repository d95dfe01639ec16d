"""Client-side health checking: calls go where the server reports SERVING (gRFC A17).

The two messages of grpc.health.v1 have one field each, so they are read and written here.
Source: https://github.com/grpc/proposal/blob/master/A17-client-side-health-checking.md.
"""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import TYPE_CHECKING, Protocol

import grpc

from wire.channel.backoff import Backoff
from wire.channel.exchange import in_pieces
from wire.channel.responses import ResponseError, check_head, encoding_of, status_of
from wire.errors import MessageError
from wire.protocol.compression import IDENTITY
from wire.protocol.messages import MessageParser, frame_message, plain_message

if TYPE_CHECKING:
    from wire.channel.connection import ClientConnection
    from wire.http2.fields import Fields

_WATCH = b"/grpc.health.v1.Health/Watch"
_MAX_RESPONSE = 1024
_INITIAL_BACKOFF = 1.0
_MAX_BACKOFF = 120.0
# A report holds for this long after the end of its stream.
_MAX_DOUBT = 1.0
# HealthCheckRequest.service and HealthCheckResponse.status are fields 1.
_SERVICE_TAG = b"\x0a"
_STATUS_TAG = 0x08
_SERVING = 1
_STATUSES = {0: "UNKNOWN", 1: "SERVING", 2: "NOT_SERVING", 3: "SERVICE_UNKNOWN"}

_logger = logging.getLogger(__name__)


class HealthListener(Protocol):
    """Is called when a server's health changes."""

    def __call__(self, *, serving: bool, error: str) -> None:
        """The server has reported the service's health."""


class HealthWatch:
    """Watches one service on one connection, until the connection ends.

    A server without the health service counts as serving.

    Attributes:
        serving: the last reported status.
    """

    lasts = True

    def __init__(
        self, connection: ClientConnection, service: str, listener: HealthListener
    ) -> None:
        self.serving = False
        self._connection = connection
        self._service = service
        self._listener = listener
        self._backoff = Backoff(_INITIAL_BACKOFF, _MAX_BACKOFF)
        self._timer: asyncio.TimerHandle | None = None
        self._begun = 0.0
        self._doubt: asyncio.TimerHandle | None = None
        self._stopped = False
        self._parser = MessageParser(_MAX_RESPONSE)
        self._encoding = IDENTITY
        # From the loop: the listener is not told before it has this object.
        asyncio.get_running_loop().call_soon(self._begin)

    def stop(self) -> None:
        """Watch no longer."""
        self._stopped = True
        if self._timer is not None:
            self._timer.cancel()
        self._end_doubt()
        self._connection.cancel(self._connection.watch_id)

    def _begin(self) -> None:
        self._timer = None
        self._begun = asyncio.get_running_loop().time()
        connection = self._connection
        if self._stopped or connection.ended:
            return
        if not connection.has_room():
            self._failed("the server takes no streams")
            return
        self._parser = MessageParser(_MAX_RESPONSE)
        # Named before anything can arrive, so that the stream is never taken for a call.
        connection.watch_id = connection.next_stream_id
        request = frame_message(_health_request(self._service))
        connection.send_request(self, _WATCH, None, [], request)

    def _report(self, *, serving: bool, error: str) -> None:
        self._end_doubt()
        if not self._stopped:
            self.serving = serving
            self._listener(serving=serving, error=error)

    def _failed(self, cause: str) -> None:
        if self._stopped or self._timer is not None:
            return
        loop = asyncio.get_running_loop()
        not_serving = partial(self._report, serving=False, error=f"health check: {cause}")
        pause = self._backoff.next()
        lasted = loop.time() - self._begun
        if self.serving and self._doubt is None and lasted >= pause:
            # A proxy ends a quiet stream, nginx after 60 s. The last report holds until the next.
            pause = 0.0
            self._doubt = loop.call_later(_MAX_DOUBT, not_serving)
        else:
            not_serving()
        self._timer = loop.call_later(pause, self._begin)

    def _end_doubt(self) -> None:
        if self._doubt is not None:
            self._doubt.cancel()
            self._doubt = None

    # --- the exchange

    def head_received(self, fields: Fields) -> None:
        """The server has the method, unless an intermediary says in HTTP that it has not."""
        try:
            check_head(fields)
        except ResponseError as fault:
            self._connection.cancel(self._connection.watch_id)
            self._ended(fault.code, fault.cause)
            return
        self._encoding = encoding_of(fields)

    response_received = in_pieces

    def trailers_received(self, fields: Fields) -> None:
        """The stream ends."""
        try:
            code, message = status_of(fields)
        except ResponseError as fault:
            code, message = fault.code, fault.cause
        self._ended(code, message)

    def _ended(self, code: grpc.StatusCode, message: str) -> None:
        """A server without the method is not asked again."""
        if code is grpc.StatusCode.UNIMPLEMENTED:
            _logger.warning(
                "%s has no health service: it is called as it is", self._connection.peer
            )
            self._report(serving=True, error="")
            self._stopped = True
        else:
            self._failed(f"{code.name} {message}".rstrip())

    def data_received(self, data: bytes) -> None:
        """A response: the last one counts."""
        try:
            for received in self._parser.feed(data):
                message = plain_message(received, self._encoding, _MAX_RESPONSE)
                self._answered(_health_status(message))
        except MessageError as error:
            self._connection.cancel(self._connection.watch_id)
            self._failed(error.details)
            return
        self._connection.acknowledge(self._connection.watch_id, len(data))

    def ended_without_trailers(self) -> None:
        """Ask again later."""
        self._failed("the stream has ended without a status")

    def _answered(self, status: int) -> None:
        self._backoff.reset()
        name = _STATUSES.get(status, str(status))
        self._report(
            serving=status == _SERVING, error=f"the server reports {name} for {self._service!r}"
        )

    def writable(self) -> None:
        """Nothing waits to be written."""

    def refused(self, cause: str) -> None:
        """Ask again later."""
        self._failed(cause)

    def reset(self, error_code: int) -> None:
        """Ask again later."""
        self._failed(f"the stream was reset with error code {error_code}")

    def unreadable(self, cause: str) -> None:
        """Ask again later."""
        self._failed(cause)

    def disconnected(self, cause: str, *, unsent: bool) -> None:
        """The connection's owner knows."""


def _health_request(service: str) -> bytes:
    name = service.encode()
    return _SERVICE_TAG + _varint(len(name)) + name if name else b""


def _varint(number: int) -> bytes:
    digits = bytearray()
    while number > 0x7F:  # noqa: PLR2004 - seven bits an octet
        digits.append(number & 0x7F | 0x80)
        number >>= 7
    digits.append(number)
    return bytes(digits)


def _health_status(message: bytes) -> int:
    """The enum of a HealthCheckResponse, or 0 (UNKNOWN) without a known one."""
    if len(message) == 2 and message[0] == _STATUS_TAG:  # noqa: PLR2004 - a tag and a small number
        return message[1]
    return 0
