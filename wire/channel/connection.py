"""A connection as its client sees it: opens streams, and hands what arrives to their exchanges."""

from __future__ import annotations

import logging
from math import inf
from time import time
from typing import TYPE_CHECKING, Any, Protocol

from wire.channel.failures import words_for
from wire.channel.outgoing import Outgoing
from wire.channel.probe import Probe
from wire.http2.error_codes import (
    CANCEL,
    ENHANCE_YOUR_CALM,
    NO_ERROR,
    REFUSED_STREAM,
    StreamFault,
    name_of,
)
from wire.tls import certificate_end

if TYPE_CHECKING:
    import asyncio

    from wire.channel.settings import Settings
    from wire.http2.connection import ConnectionEnd
    from wire.http2.fields import Fields
    from wire.http2.stream import Stream
    from wire.loop.flusher import Flusher

_logger = logging.getLogger(__name__)

# A response may have informational headers ahead of it (RFC 9113, section 8.1), but not endlessly.
_MAX_INFORMATIONAL = 100
# gRFC A8, "Basic Keepalive".
_TOO_MANY_PINGS = b"too_many_pings"


class Owner(Protocol):
    """Holds a connection. Is called when it changes."""

    def connection_draining(self, connection: ClientConnection, cause: str) -> None:
        """The connection takes no more calls. Those on it continue."""

    def connection_responsive(self, connection: ClientConnection) -> None:
        """Whether the server responds to pings has changed: see `responsive`."""

    def connection_closed(self, connection: ClientConnection, cause: str) -> None:
        """The connection is over."""

    def room_made(self) -> None:
        """A stream has ended: another may begin."""


class ClientConnection(Outgoing):
    """Requests out, responses in.

    Attributes:
        peer: the server's address, for logs.
        draining: no stream can be opened any more.
        responsive: False while the server leaves a ping unanswered.
        ready: done when the server's SETTINGS are here, or failed where they never will be.
        known_head: headers of an earlier response, found good.
    """

    is_server = False

    def __init__(
        self,
        flusher: Flusher,
        settings: Settings,
        owner: Owner,
        peer: str,
    ) -> None:
        options = settings.options
        super().__init__(flusher, options.limits, settings.fixed_fields)
        self.peer = peer
        self.draining = False
        self.ready: asyncio.Future[None] = self._loop.create_future()
        self.known_head: Fields = []
        self.watch_id = 0
        """The stream of a health check. It is no call. 0 for none."""
        self._owner = owner
        self._calls_waiting = settings.waiting
        self._probe = Probe(self, settings)
        self._informational = 0
        self._goaway_cause = ""
        self._expiry: asyncio.TimerHandle | None = None

    @property
    def responsive(self) -> bool:
        """Whether the server responds."""
        return self._probe.responsive

    def has_room(self) -> bool:
        """Whether one more stream may be opened now."""
        return len(self.streams) < self.peer_max_streams and not self.draining

    def calls(self) -> list[Any]:
        """The exchanges of calls, without the health check."""
        return [stream.call for stream in self.streams.values() if stream.id != self.watch_id]

    # --- streams

    def watch(self) -> None:
        """Check whether the server responds, for as long as there are calls."""
        self.is_watched = True
        self._probe.start()

    def numbers_used_up(self) -> None:
        """Leave the connection to its open calls (RFC 9113, section 5.1.1)."""
        self._drain("all stream numbers are used up")

    def cancel(self, stream_id: int, code: int = CANCEL) -> None:
        """Give a stream up. What still arrives on it is ignored."""
        if not self.ended and stream_id in self.streams:
            self._probe.given_up()
            self.reset_stream(stream_id, code)

    # --- responses

    def headers_received(self, stream_id: int, fields: Fields, end_stream: bool) -> None:  # noqa: FBT001
        """Pass headers or trailers on, but for informational ones."""
        stream = self.streams[stream_id]
        if not stream.headers_seen:
            self._informational_received(stream, end=end_stream)
            return
        self._informational = 0
        self.answered = True
        if not end_stream:
            stream.call.head_received(fields)
            return
        stream.call.trailers_received(fields)
        if not stream.local_ended:
            # Nobody reads the rest of the request (section 8.1).
            self.cancel(stream_id, NO_ERROR)

    def _informational_received(self, stream: Stream, *, end: bool) -> None:
        self._informational += 1
        if end or self._informational > _MAX_INFORMATIONAL + len(self.streams):
            stream.call.unreadable(f"{self.peer} has sent informational headers only")
            self.cancel(stream.id)

    def headers_too_large(self, stream_id: int, end_stream: bool) -> None:  # noqa: ARG002, FBT001
        """A response's headers are beyond the limit: nobody keeps them."""
        limit = self.limits.max_header_list
        self.streams[stream_id].call.unreadable(
            f"{self.peer} has sent headers of more than {limit} bytes"
        )
        self.cancel(stream_id)

    def data_received_on(self, stream_id: int, data: bytes, end_stream: bool) -> None:  # noqa: FBT001
        """Pass data on."""
        call = self.streams[stream_id].call
        if data:
            call.data_received(data)
        if end_stream:
            call.ended_without_trailers()

    def stream_writable(self, stream_id: int) -> None:
        """A queue has drained."""
        self.streams[stream_id].call.writable()

    def stream_reset(self, stream_id: int, error_code: int) -> None:
        """The server has reset a stream."""
        call = self.streams[stream_id].call
        if error_code == REFUSED_STREAM:
            call.refused(f"{self.peer} has refused the stream")
        else:
            call.reset(error_code)

    def stream_failed(self, stream_id: int, fault: StreamFault) -> None:
        """The server has broken a rule on a stream."""
        self.streams[stream_id].call.unreadable(f"{self.peer}: {fault.text}")

    def stream_closed(self, stream: Stream) -> None:
        """There may be room for a waiting call, and a drained connection may end."""
        if stream.call.lasts:
            self.lasting -= 1
        if self.draining:
            self._close_when_empty()
        elif self._calls_waiting:
            self._owner.room_made()

    # --- the connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It lasts no longer than the server's certificate."""
        super().connection_made(transport)
        left = certificate_end(transport.get_extra_info("ssl_object")) - time()
        if left < inf:
            self._expiry = self._loop.call_later(max(0.0, left), self._certificate_expired)

    def _certificate_expired(self) -> None:
        self._drain(f"{self.peer}: the server's certificate has expired")
        self._close_when_empty()

    def connection_lost(self, exc: Exception | None) -> None:
        """The reason is for people."""
        super().connection_lost(None if exc is None else ConnectionError(words_for(exc)))

    def settings_received(self) -> None:
        """The first SETTINGS make the connection ready, later ones may allow more streams."""
        if not self.ready.done():
            self.ready.set_result(None)
        elif not self.draining:
            self._owner.room_made()

    def ping_acknowledged(self, payload: bytes) -> None:
        """The server is alive."""
        self._probe.acknowledged(payload)

    def responsiveness_changed(self) -> None:
        """The probe has found out."""
        if not self.draining and not self.ended:
            self._owner.connection_responsive(self)

    def goaway_received(self, last_stream_id: int, error_code: int, debug: bytes) -> None:
        """No more streams. Those above the last were not processed, and may go elsewhere."""
        text = debug[:200].decode("utf-8", "replace")
        self._goaway_cause = f"{self.peer} sent GOAWAY: {name_of(error_code)} {text}".rstrip()
        if error_code == ENHANCE_YOUR_CALM and debug == _TOO_MANY_PINGS and not self.draining:
            _logger.warning("%s wants fewer pings", self.peer)
            self._probe.calm_down()
        self._drain(self._goaway_cause)
        for stream_id in [number for number in self.streams if number > last_stream_id]:
            stream = self.streams.get(stream_id)
            if stream is not None:
                self._forget(stream)
                stream.call.refused(self._goaway_cause)
        self._close_when_empty()

    def _drain(self, cause: str) -> None:
        if not self.draining:
            self.draining = True
            self._owner.connection_draining(self, cause)

    def drain(self) -> None:
        """Take no more calls, and close behind the last one."""
        self.draining = True
        self._close_when_empty()

    def leave(self) -> None:
        """Close without waiting for the server: the event loop may be over in the next turn."""
        self.close(NO_ERROR)
        self._transport.close()

    def _close_when_empty(self) -> None:
        watched = self.watch_id in self.streams
        if len(self.streams) > watched or self.ended:
            return
        # Not at once: a call may be ending that looks at its stream again.
        self._loop.call_soon(self._close_drained)

    def _close_drained(self) -> None:
        if len(self.streams) <= (self.watch_id in self.streams):
            self.close(NO_ERROR)

    def connection_ended(self, reason: ConnectionEnd) -> None:
        """Call all exchanges, once."""
        self._probe.stop()
        if self._expiry is not None:
            self._expiry.cancel()
        cause = self._goaway_cause or reason.text
        if not self.ready.done():
            self.ready.set_exception(ConnectionError(cause))
            # Nobody may be waiting any more, which asyncio would log.
            self.ready.exception()
        # First, so that calls which go elsewhere do not come back here.
        self._owner.connection_closed(self, cause)
        streams = list(self.streams.values())
        self.streams.clear()
        for stream in streams:
            unsent = stream.id >= self.written_id
            stream.call.disconnected(f"{self.peer}: {cause}", unsent=unsent)
