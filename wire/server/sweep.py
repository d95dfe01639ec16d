"""Looks through all connections now and then for what takes too long.

One timer for all of a server's connections: most of what it looks for never happens, and a
timer for each call or connection would cost each of them.
"""

from __future__ import annotations

from time import perf_counter, time
from typing import TYPE_CHECKING

import grpc

from wire.http2.error_codes import CANCEL, ENHANCE_YOUR_CALM, NO_ERROR, SETTINGS_TIMEOUT
from wire.tls import certificate_end

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from wire.http2.limits import Limits
    from wire.server.call import Call
    from wire.server.connection import ServerConnection

_LONGEST_INTERVAL = 1.0
_SHORTEST_INTERVAL = 0.02
_KEEPALIVE_PING = b"are you?"


def interval_of(limits: Limits) -> float:
    """Seconds between two looks, to keep a limit to about a quarter."""
    times = [
        limits.handshake_timeout,
        limits.request_timeout,
        limits.stalled_timeout,
        limits.keepalive_timeout,
        limits.keepalive_interval or _LONGEST_INTERVAL,
        limits.max_connection_idle or _LONGEST_INTERVAL,
        limits.max_call_duration or _LONGEST_INTERVAL,
        limits.max_connection_age or _LONGEST_INTERVAL,
        limits.max_connection_age_grace,
    ]
    return max(_SHORTEST_INTERVAL, min(_LONGEST_INTERVAL, min(times) / 4))


class Sweep:
    """What the last look has seen of one connection."""

    __slots__ = (
        "_age_limit",
        "_busy_at",
        "_heard_at",
        "_last",
        "_marks",
        "_moved_at",
        "_pinged_at",
        "_valid_until",
    )

    def __init__(self, connection: ServerConnection, jitter: float) -> None:
        now = connection.opened
        self._busy_at = self._heard_at = self._moved_at = now
        self._pinged_at: float | None = None
        self._last = 0
        age = connection.limits.max_connection_age
        # Connections of the same moment must not all come back at the same moment.
        self._age_limit = None if age is None else age * jitter
        # A peer whose certificate has expired would not be let in any more.
        self._valid_until = certificate_end(connection.tls)
        # What waits on a stream, and since when it is the same.
        self._marks: dict[int, tuple[tuple[int, int], float]] = {}

    def look(self, connection: ServerConnection, now: float) -> None:
        """End what takes too long on a connection."""
        limits = connection.limits
        if not connection.greeted:
            if now - connection.opened > limits.handshake_timeout:
                connection.close(SETTINGS_TIMEOUT, b"no preface and SETTINGS in time")
            return
        self._look_for_silence(connection, limits, now)
        if not connection.ended:
            self._look_for_age(connection, limits, now)
        if not connection.ended:
            self._look_for_stalls(connection, now)
        if not connection.ended:
            end_silent_calls(connection, now - limits.request_timeout)
        if not connection.ended and limits.max_call_duration is not None:
            _end_long_calls(connection, now - limits.max_call_duration)

    def _look_for_silence(self, connection: ServerConnection, limits: Limits, now: float) -> None:
        if not connection.silent:
            connection.silent = True
            self._heard_at = now
            self._pinged_at = None
        elif self._pinged_at is not None:
            if now - self._pinged_at > limits.keepalive_timeout:
                connection.give_up(NO_ERROR, "the peer does not respond to a keepalive PING")
        elif (
            limits.keepalive_interval is not None
            and now - self._heard_at > limits.keepalive_interval
        ):
            self._pinged_at = now
            connection.send_ping(_KEEPALIVE_PING)

    def _look_for_age(self, connection: ServerConnection, limits: Limits, now: float) -> None:
        if connection.streams or self._last != connection.highest_peer_stream:
            self._last = connection.highest_peer_stream
            self._busy_at = now
        if connection.draining:
            connection.go_on_draining(now)
        elif (
            (
                limits.max_connection_idle is not None
                and now - self._busy_at > limits.max_connection_idle
            )
            or (self._age_limit is not None and now - connection.opened > self._age_limit)
            or time() > self._valid_until
        ):
            connection.drain(limits.max_connection_age_grace)

    def _look_for_stalls(self, connection: ServerConnection, now: float) -> None:
        if not connection.paused:
            self._moved_at = now
        elif now - self._moved_at > connection.patience:
            connection.give_up(ENHANCE_YOUR_CALM, "the peer does not read what it is sent")
            return
        marks = {}
        for stream in connection.waiting_streams():
            mark = (stream.send_window, stream.queued)
            before = self._marks.get(stream.id)
            since = now if before is None or before[0] != mark else before[1]
            marks[stream.id] = (mark, since)
            if now - since > connection.patience:
                connection.reset_stream(stream.id, CANCEL)
        self._marks = marks


def end_silent_calls(connection: ServerConnection, before: float) -> None:
    """End a connection's calls begun before a time and still without a request."""
    for call in _calls_before(connection, before):
        if not call.has_request:
            call.fail(grpc.StatusCode.CANCELLED, "no request has arrived in time")
            call.stop_running()


def _end_long_calls(connection: ServerConnection, before: float) -> None:
    for call in _calls_before(connection, before):
        if call.ended:
            # Its caller takes the response slowly, or not at all.
            connection.reset_stream(call.stream.id, CANCEL)
        elif not connection.dispatcher.is_exempt(call.method):
            call.expire()


def _calls_before(connection: ServerConnection, before: float) -> Iterator[Call]:
    for stream in list(connection.streams.values()):
        call: Call | None = stream.call
        if call is None:
            continue
        if call.started > before:
            # Streams are in the order of their start.
            return
        yield call


def sweep(connections: Iterable[ServerConnection]) -> None:
    """Look through the connections."""
    now = perf_counter()
    for connection in connections:
        if not connection.ended:
            connection.sweep.look(connection, now)
