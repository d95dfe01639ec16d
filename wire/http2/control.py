"""The frames without headers or data (RFC 9113, sections 6.3 to 6.9)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wire.hpack import Decoder
from wire.http2 import frames, settings
from wire.http2.abuse import Bucket
from wire.http2.error_codes import (
    ENHANCE_YOUR_CALM,
    FRAME_SIZE_ERROR,
    PROTOCOL_ERROR,
    STREAM_CLOSED,
    ConnectionFault,
    StreamFault,
)
from wire.http2.frames import unpack_u32
from wire.http2.sending import TURN_BYTES, Sending

if TYPE_CHECKING:
    from collections.abc import Callable

    from wire.http2.limits import Limits
    from wire.loop.flusher import Flusher

_HIGHEST_BIT = 0x7FFFFFFF
_SMALL_UPDATE = 1024
# Six are known. Each change of the window is a look at all streams (CVE-2020-11080).
_MOST_SETTINGS = 32


class Control(Sending):
    """Acknowledges SETTINGS and PING, and takes RST_STREAM, WINDOW_UPDATE, GOAWAY and PRIORITY."""

    is_server: bool

    def __init__(self, flusher: Flusher, limits: Limits) -> None:
        super().__init__(flusher, limits)
        self.decoder = Decoder(max_list_size=limits.max_header_list)
        self.highest_peer_stream = 0
        """The highest stream opened by the client, or 0 at a client."""
        self.goaway_last: int | None = None
        """The last stream of a GOAWAY of this side. Streams above it are not processed."""
        self.greeted = False
        """The peer's first SETTINGS are here."""
        self._resets = Bucket("too many resets of streams", limits.resets)
        self._resets_of_closed = 0
        self._traffic_at_ping = (0, 0, 0)
        self._pieces_credited = 0
        self._calls_credited = 0
        # gRFC A8: by these very words clients learn to ping less.
        self._pings = Bucket("too_many_pings", limits.pings)
        self._settings = Bucket("too many SETTINGS frames", limits.settings)
        self._priorities = Bucket("too many PRIORITY frames", limits.priorities)
        self._window_updates = Bucket("too many WINDOW_UPDATE frames", limits.window_updates)
        self._unknown_frames = Bucket("too many frames of unknown types", limits.unknown_frames)
        self._handlers: dict[int, Callable[[int, int, bytes], None]] = {
            frames.PRIORITY: self._on_priority,
            frames.RST_STREAM: self._on_rst_stream,
            frames.SETTINGS: self._on_settings,
            frames.PUSH_PROMISE: self._on_push_promise,
            frames.PING: self._on_ping,
            frames.GOAWAY: self._on_goaway,
            frames.WINDOW_UPDATE: self._on_window_update,
        }

    # --- hooks of a subclass

    def stream_reset(self, stream_id: int, error_code: int) -> None:
        """The peer reset a stream. It is still in `streams` during this call."""

    def goaway_received(self, last_stream_id: int, error_code: int, debug: bytes) -> None:
        """The peer takes no new streams. GOAWAY may come twice, with a lower last stream."""

    def settings_received(self) -> None:
        """The peer's SETTINGS were taken. The first time, the connection becomes ready."""

    def ping_acknowledged(self, payload: bytes) -> None:
        """The peer has acknowledged a PING."""

    # --- what a subclass calls

    def send_ping(self, payload: bytes) -> None:
        """Send a PING of eight bytes."""
        self.write(frames.ping(payload))

    # --- frames

    def _on_control(self, kind: int, flags: int, stream_id: int, payload: bytes) -> None:
        if not self.greeted and (kind != frames.SETTINGS or flags & frames.ACK):
            raise ConnectionFault(PROTOCOL_ERROR, "the first frame is not SETTINGS")
        handler = self._handlers.get(kind)
        if handler is None:
            # Section 5.5: unknown types are ignored.
            self._unknown_frames.take()
        else:
            handler(flags, stream_id, payload)

    def _on_settings(self, flags: int, stream_id: int, payload: bytes) -> None:
        self._settings.take()
        if stream_id:
            raise ConnectionFault(PROTOCOL_ERROR, "SETTINGS on a stream")
        if len(payload) % 6 or (flags & frames.ACK and payload):
            raise ConnectionFault(FRAME_SIZE_ERROR, "SETTINGS of a wrong length")
        if flags & frames.ACK:
            self.own_window = self.limits.initial_window
            return
        if len(payload) > 6 * _MOST_SETTINGS:
            raise ConnectionFault(ENHANCE_YOUR_CALM, "too many settings in a frame")
        for key, value in settings.read(payload, from_server=not self.is_server):
            self._apply(key, value)
        self.write(frames.SETTINGS_ACK)
        # What a wider window lets through goes behind the ACK: the peer counts by it (6.5.3).
        if self._waiting:
            self._pump()
        self.greeted = True
        self.settings_received()

    def _apply(self, key: int, value: int) -> None:
        if key == settings.HEADER_TABLE_SIZE:
            self.encoder.resize(value)
        elif key == settings.MAX_CONCURRENT_STREAMS:
            self.peer_max_streams = value
        elif key == settings.INITIAL_WINDOW_SIZE:
            self._change_initial_window(value)
        elif key == settings.MAX_FRAME_SIZE:
            # What a turn sends has a bound of its own: a larger frame would go beyond it.
            self.peer_max_frame = min(value, TURN_BYTES)
        elif key == settings.MAX_HEADER_LIST_SIZE:
            self.peer_max_header_list = value

    def _on_ping(self, flags: int, stream_id: int, payload: bytes) -> None:
        if stream_id:
            raise ConnectionFault(PROTOCOL_ERROR, "PING on a stream")
        if len(payload) != 8:  # noqa: PLR2004 - section 6.7
            raise ConnectionFault(FRAME_SIZE_ERROR, "PING of a wrong length")
        # Some peers measure the path by a PING with each bit of data, which is no abuse.
        traffic = (self.send_window, self.highest_peer_stream, self.next_stream_id)
        if traffic == self._traffic_at_ping:
            self._pings.take()
        self._traffic_at_ping = traffic
        if flags & frames.ACK:
            self.ping_acknowledged(payload)
        else:
            self.write(frames.ping(payload, acknowledge=True))

    def _on_rst_stream(self, flags: int, stream_id: int, payload: bytes) -> None:  # noqa: ARG002
        if len(payload) != 4:  # noqa: PLR2004 - section 6.4
            raise ConnectionFault(FRAME_SIZE_ERROR, "RST_STREAM of a wrong length")
        self._must_not_be_idle(stream_id)
        self._reset_here.pop(stream_id, None)
        stream = self.streams.get(stream_id)
        if stream is not None:
            self.stream_reset(stream_id, unpack_u32(payload)[0])
            self._forget(stream)
        elif self._resets_of_closed < self.data_frames_sent:
            # HAProxy resets a stream that was cancelled, and anew for each DATA frame of it that
            # was still on its way.
            self._resets_of_closed += 1
            return
        self._credit_resets()
        self._resets.take()

    def _on_window_update(self, flags: int, stream_id: int, payload: bytes) -> None:  # noqa: ARG002
        if len(payload) != 4:  # noqa: PLR2004 - section 6.9
            raise ConnectionFault(FRAME_SIZE_ERROR, "WINDOW_UPDATE of a wrong length")
        increment = unpack_u32(payload)[0] & _HIGHEST_BIT
        if increment < _SMALL_UPDATE or (stream_id and stream_id not in self.streams):
            # The larger ones go with data, or overflow the window.
            self._credit_window_updates()
            self._window_updates.take()
        if stream_id:
            self._must_not_be_idle(stream_id)
        if not increment:
            kind = StreamFault if stream_id else ConnectionFault
            raise kind(PROTOCOL_ERROR, "WINDOW_UPDATE by 0")
        self._widen(stream_id, increment)

    def _credit_window_updates(self) -> None:
        # grpcio gives window back with each message, however small: one update of the stream, and
        # one of the connection.
        pieces = self.data_frames_sent + self._calls()
        if pieces > self._pieces_credited:
            self._window_updates.credit(2 * (pieces - self._pieces_credited))
            self._pieces_credited = pieces

    def _credit_resets(self) -> None:
        # When deadlines pass under load, a part of the calls is reset and the rest answered. Rapid
        # reset has no responses.
        calls = self._calls()
        if calls > self._calls_credited:
            self._resets.credit(calls - self._calls_credited)
            self._calls_credited = calls

    def _calls(self) -> int:
        """Calls so far. The numbers of a client's streams do not tell: they may jump."""
        return self.streams_completed if self.is_server else self.next_stream_id >> 1

    def _on_goaway(self, flags: int, stream_id: int, payload: bytes) -> None:  # noqa: ARG002
        if stream_id:
            raise ConnectionFault(PROTOCOL_ERROR, "GOAWAY on a stream")
        if len(payload) < 8:  # noqa: PLR2004 - section 6.8
            raise ConnectionFault(FRAME_SIZE_ERROR, "GOAWAY of a wrong length")
        self._settings.take()
        last = unpack_u32(payload)[0] & _HIGHEST_BIT
        self.goaway_received(last, unpack_u32(payload, 4)[0], payload[8:])

    def _on_priority(self, flags: int, stream_id: int, payload: bytes) -> None:  # noqa: ARG002
        self._priorities.take()
        if not stream_id:
            raise ConnectionFault(PROTOCOL_ERROR, "PRIORITY on stream 0")
        if len(payload) != 5:  # noqa: PLR2004 - section 6.3
            raise StreamFault(FRAME_SIZE_ERROR, "PRIORITY of a wrong length")
        if unpack_u32(payload)[0] & _HIGHEST_BIT == stream_id:
            raise StreamFault(PROTOCOL_ERROR, "a stream depends on itself")

    def _on_push_promise(self, flags: int, stream_id: int, payload: bytes) -> None:  # noqa: ARG002
        raise ConnectionFault(PROTOCOL_ERROR, "PUSH_PROMISE, though push is off")

    # --- states

    def _is_idle(self, stream_id: int) -> bool:
        if self.is_server:
            return not stream_id & 1 or stream_id > self.highest_peer_stream
        return not stream_id & 1 or stream_id >= self.next_stream_id

    def _must_not_be_idle(self, stream_id: int) -> None:
        """Stream 0 and idle streams take nothing but HEADERS and PRIORITY (section 5.1)."""
        if not stream_id or (
            stream_id not in self.streams
            and self._is_idle(stream_id)
            and not self._is_unanswered(stream_id)
        ):
            raise ConnectionFault(PROTOCOL_ERROR, f"a frame on stream {stream_id}, which is idle")

    def _is_unanswered(self, stream_id: int) -> bool:
        """Whether the stream lies above the last one of this side's GOAWAY (section 6.8)."""
        return self.goaway_last is not None and stream_id > self.goaway_last

    def _ignore_or_refuse(self, stream_id: int) -> None:
        """Ignore a frame on a closed stream if it crossed a reset or GOAWAY of this side.

        Raises:
          StreamFault: it did not (section 5.1).
        """
        if stream_id not in self._reset_here and not self._is_unanswered(stream_id):
            raise StreamFault(STREAM_CLOSED, f"a frame on stream {stream_id}, which is closed")
