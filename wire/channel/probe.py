"""Finds out whether a silent server is slow, frozen or gone.

A frozen process keeps its connections, and each call to it would wait for its deadline. While a
call waits in silence the server is pinged. A server that does not respond in time gets no new
calls. After a longer silence it loses the connection.

Servers count pings that come more often than every five minutes. They close a connection at the
third one without any other response in between (gRFC A8, `keepalive` in grpc's documents). So there
are two quick ones at most between two responses, and then one each keepalive interval.
"""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import TYPE_CHECKING

from wire.http2.error_codes import NO_ERROR

if TYPE_CHECKING:
    from wire.channel.connection import ClientConnection
    from wire.channel.settings import Settings

_QUICK_PINGS = 2
_PAYLOAD = b"wireping"


class Probe:
    """Watches one connection while there are calls on it.

    Attributes:
        responsive: False from an unanswered ping until the next sign of life.
    """

    def __init__(self, connection: ClientConnection, settings: Settings) -> None:
        options = settings.options
        self.responsive = True
        self._connection = connection
        self._loop = asyncio.get_running_loop()
        self._settings = settings
        self._interval = options.probe_interval or options.keepalive_timeout
        self._keepalive_timeout = options.keepalive_timeout
        self._timer: asyncio.TimerHandle | None = None
        self._seen_id = 0
        self._quick_pings = 0
        self._pinged = 0.0
        self._awaiting = False
        self._given_up = False

    def start(self) -> None:
        """A stream has been opened, and there was none before."""
        self._seen_id = 0
        self._connection.silent = False
        self._timer = self._loop.call_later(self._interval, self._look)

    def stop(self) -> None:
        """The connection is over."""
        if self._timer is not None:
            self._timer.cancel()

    def given_up(self) -> None:
        """A call has ended here without a response."""
        self._given_up = True

    def acknowledged(self, payload: bytes) -> None:
        """A ping has come back."""
        if payload == _PAYLOAD:
            self._alive()

    def calm_down(self) -> None:
        """The server has had enough of pings: gRFC A8 asks for twice the interval from now on."""
        self._settings.keepalive_interval *= 2
        self._settings.pings_quickly = False

    def _look(self) -> None:
        connection = self._connection
        if connection.answered:
            # With a response servers forget the pings before it.
            connection.answered = False
            self._quick_pings = 0
            self._given_up = False
        oldest = self._oldest_call()
        if not oldest and not self._given_up and self.responsive:
            connection.is_watched = False
            return
        self._timer = self._loop.call_later(self._interval, self._look)
        if not connection.silent:
            self._alive()
        elif self._awaiting:
            self._unanswered()
        elif self._given_up or 0 < oldest < self._seen_id:
            # A call has been there for all of the silence, or has ended in it.
            self._ping()
        connection.silent = True
        self._seen_id = connection.next_stream_id

    def _oldest_call(self) -> int:
        for stream_id in self._connection.streams:
            if stream_id != self._connection.watch_id:
                return stream_id
        return 0

    def _ping(self) -> None:
        now = perf_counter()
        if self._settings.pings_quickly and self._quick_pings < _QUICK_PINGS:
            self._quick_pings += 1
        elif now - self._pinged < self._settings.keepalive_interval:
            return
        self._pinged = now
        self._awaiting = True
        self._connection.send_ping(_PAYLOAD)

    def _unanswered(self) -> None:
        if perf_counter() - self._pinged > self._keepalive_timeout:
            self._connection.give_up(NO_ERROR, "the server does not respond to pings")
        elif self.responsive:
            self.responsive = False
            self._connection.responsiveness_changed()

    def _alive(self) -> None:
        self._awaiting = False
        self._given_up = False
        if not self.responsive:
            self.responsive = True
            self._connection.responsiveness_changed()
