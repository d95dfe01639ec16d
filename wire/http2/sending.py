"""Streams and what is sent on them, within the peer's windows (RFC 9113, sections 5.2 and 6.9)."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from wire.hpack import Encoder
from wire.http2 import frames
from wire.http2.error_codes import FLOW_CONTROL_ERROR, ConnectionFault, StreamFault
from wire.http2.frames import LARGEST_WINDOW, pack_header
from wire.http2.output import Output
from wire.http2.settings import UNLIMITED
from wire.http2.stream import Stream

if TYPE_CHECKING:
    from wire.http2.limits import Limits
    from wire.loop.flusher import Flusher

# What one turn of the loop sends of the queues: enough for a large message at full speed, and
# little enough that the transport's own buffer stays small.
TURN_BYTES = 256 * 1024
# What a frame costs beside its bytes, so that small ones have their end in a turn, too.
_FRAME_COST = 256
_REMEMBERED_RESETS = 1024


class Sending(Output):
    """The sending half: header blocks, and data in frames within the peer's windows."""

    def __init__(self, flusher: Flusher, limits: Limits) -> None:
        super().__init__(flusher, limits)
        self.encoder = Encoder()
        self.streams: dict[int, Stream] = {}
        self.peer_max_frame = frames.DEFAULT_MAX_FRAME
        self.peer_initial_window = frames.DEFAULT_WINDOW
        self.peer_max_streams = UNLIMITED
        self.peer_max_header_list = UNLIMITED
        self.next_stream_id = 1
        """A client's next stream. A server opens none."""
        self.own_window = max(limits.initial_window, frames.DEFAULT_WINDOW)
        """What the peer may send on a new stream."""
        self.send_window = frames.DEFAULT_WINDOW
        self.data_frames_sent = 0
        """Without those of one-frame responses. Their streams are counted."""
        self.streams_completed = 0
        """Streams ended in order by this side."""
        self.lasting = 0
        """Streams of many messages: who has one message to send does not wait for theirs."""
        self.queued = 0
        """Bytes queued on all streams."""
        self._waiting: dict[int, Stream] = {}
        self._room = TURN_BYTES
        # Frames that cross a RST_STREAM of ours are not the peer's fault (section 5.4.2).
        self._reset_here: dict[int, None] = {}

    # --- hooks of a subclass

    def stream_writable(self, stream_id: int) -> None:
        """The stream's queue has drained: a waiting writer may continue."""

    def stream_closed(self, stream: Stream) -> None:
        """The stream is over, in whichever way, and no longer in `streams`."""

    # --- what a subclass calls

    def open_stream(self, block: bytes, *, end_stream: bool = False) -> int:
        """Open a stream with a header block, and return its id (clients only)."""
        stream_id = self.next_stream_id
        self.next_stream_id = stream_id + 2
        stream = Stream(stream_id, self.peer_initial_window, self.own_window)
        self.streams[stream_id] = stream
        self.send_headers(stream_id, block, end_stream=end_stream)
        return stream_id

    def send_headers(self, stream_id: int, block: bytes, *, end_stream: bool = False) -> None:
        """Send a header block at once."""
        flags = frames.END_STREAM if end_stream else 0
        self.write(frames.header_frames(stream_id, block, flags, self.peer_max_frame))
        if end_stream:
            self._end_locally(self.streams[stream_id])

    def send_data(self, stream_id: int, data: bytes, *, end_stream: bool = False) -> bool:
        """Send data, in order, as the windows allow.

        Returns:
          False if the queue is long: the caller should wait for `stream_writable`.
        """
        stream = self.streams[stream_id]
        length = len(data)
        if (
            stream.queue is None
            and length <= stream.send_window
            and length <= self.send_window
            and length <= self.peer_max_frame
            and self._room > 0
            and not self.paused
        ):
            stream.send_window -= length
            self.send_window -= length
            # A writer that never waits must not fill the memory within one turn.
            self._room -= length + _FRAME_COST
            self.data_frames_sent += 1
            flags = frames.END_STREAM if end_stream else 0
            self.write(
                pack_header(length >> 16, length & 0xFFFF, frames.DATA, flags, stream_id) + data
            )
            if end_stream:
                self._end_locally(stream)
            return True
        return self._enqueue(stream, data, end=end_stream)

    def send_trailers(self, stream_id: int, fields: list[tuple[bytes, bytes]]) -> None:
        """End the stream with trailers, behind what is queued.

        They are encoded when they leave: an encoder's blocks must leave in their order.
        """
        stream = self.streams[stream_id]
        if stream.queue is None:
            self.send_headers(stream_id, self.encoder.encode(fields), end_stream=True)
        else:
            stream.trailers = fields
            stream.end_queued = True

    def reset_stream(self, stream_id: int, code: int) -> None:
        """End a stream at once with RST_STREAM. What is queued on it is dropped."""
        stream = self.streams.get(stream_id)
        self.write(frames.rst_stream(stream_id, code))
        self._remember_reset(stream_id)
        if stream is not None:
            self._forget(stream)

    def waiting_streams(self) -> list[Stream]:
        """The streams with data waiting for the peer."""
        return list(self._waiting.values())

    # --- queues

    def _enqueue(self, stream: Stream, data: bytes, *, end: bool) -> bool:
        if stream.queue is None:
            stream.queue = deque()
            stream.offset = 0
            self._waiting[stream.id] = stream
        stream.queue.append(data)
        stream.queued += len(data)
        self.queued += len(data)
        stream.end_queued = end
        self._pump_stream(stream)
        if stream.queue is not None and (
            stream.queued > self.limits.max_stream_queue or self._room <= 0
        ):
            stream.blocked = True
            return False
        return True

    def _pump(self) -> None:
        """Send a frame of each waiting stream in turn, as far as the turn's room and windows go."""
        progress = True
        while progress and self._room > 0 and self.send_window > 0 and not self.paused:
            progress = self._pump_round()
        if self._room <= 0:
            self.mark_dirty()

    def _pump_round(self) -> bool:
        """Returns whether a frame was sent."""
        progress = False
        for stream in list(self._waiting.values()):
            if self._room <= 0 or self.send_window <= 0:
                break
            if self._send_next(stream):
                progress = True
                if stream.id in self._waiting:
                    # The next time the others are first.
                    self._waiting[stream.id] = self._waiting.pop(stream.id)
        return progress

    def _pump_stream(self, stream: Stream) -> None:
        """Send what waits on one stream. Nothing has changed for the others."""
        while self._room > 0 and not self.paused and self._send_next(stream):
            pass
        if self._room <= 0:
            self.mark_dirty()

    def _send_next(self, stream: Stream) -> bool:
        queue = stream.queue
        if not queue:
            return False
        piece = queue[0]
        left = len(piece) - stream.offset
        # An end without data needs no window, and a window may be negative (section 6.9.2).
        length = left and min(left, self.peer_max_frame, stream.send_window, self.send_window)
        if length <= 0 < left:
            return False
        last = length == left and len(queue) == 1
        end = last and stream.end_queued and stream.trailers is None
        flags = frames.END_STREAM if end else 0
        self.write(pack_header(length >> 16, length & 0xFFFF, frames.DATA, flags, stream.id))
        self._out.append(memoryview(piece)[stream.offset : stream.offset + length])
        self._account(stream, length)
        if length == left:
            queue.popleft()
            stream.offset = 0
        else:
            stream.offset += length
        if last:
            self._drained(stream, end=end)
        elif stream.blocked and stream.queued <= self.limits.max_stream_queue // 2:
            stream.blocked = False
            self.stream_writable(stream.id)
        return True

    def _account(self, stream: Stream, length: int) -> None:
        stream.send_window -= length
        self.send_window -= length
        stream.queued -= length
        self.queued -= length
        self._room -= length + _FRAME_COST
        self.data_frames_sent += 1

    def _drained(self, stream: Stream, *, end: bool) -> None:
        stream.queue = None
        self._waiting.pop(stream.id, None)
        if stream.trailers is not None:
            self.send_headers(stream.id, self.encoder.encode(stream.trailers), end_stream=True)
        elif end:
            self._end_locally(stream)
        elif stream.blocked:
            stream.blocked = False
            self.stream_writable(stream.id)

    def flush(self) -> None:
        """Write what was collected, and continue with the queues in the next turn."""
        super().flush()
        self._room = TURN_BYTES
        if self._waiting and not self.paused and self.send_window > 0:
            self._pump()

    def resume_writing(self) -> None:
        """The transport's buffer has drained: so may the queues."""
        super().resume_writing()
        if self._waiting:
            self._pump()

    # --- windows

    def _widen(self, stream_id: int, increment: int) -> None:
        # Only what this window kept back is looked at. A look at all that waits, at each of a
        # peer's many updates, would cost this side much more than the peer.
        if stream_id == 0:
            was_shut = self.send_window <= 0
            self.send_window += increment
            if self.send_window > LARGEST_WINDOW:
                raise ConnectionFault(FLOW_CONTROL_ERROR, "the connection's window overflows")
            if was_shut and self._waiting:
                self._pump()
        else:
            stream = self.streams.get(stream_id)
            if stream is None:
                return
            stream.send_window += increment
            if stream.send_window > LARGEST_WINDOW:
                raise StreamFault(FLOW_CONTROL_ERROR, "the stream's window overflows")
            if stream.queue is not None:
                self._pump_stream(stream)

    def _change_initial_window(self, size: int) -> None:
        change = size - self.peer_initial_window
        self.peer_initial_window = size
        for stream in self.streams.values():
            stream.send_window += change
            if stream.send_window > LARGEST_WINDOW:
                raise ConnectionFault(FLOW_CONTROL_ERROR, "a stream's window overflows")

    # --- ends

    def _end_locally(self, stream: Stream) -> None:
        stream.local_ended = True
        if stream.remote_ended:
            self._forget(stream)

    def _forget(self, stream: Stream) -> None:
        if self.streams.pop(stream.id, None) is None:
            return
        # Without a look at the peer's side: a call refused at its headers is answered all the same.
        self.streams_completed += stream.local_ended
        if stream.queue is not None:
            self.queued -= stream.queued
            stream.queue = None
            self._waiting.pop(stream.id, None)
        self.stream_closed(stream)

    def _remember_reset(self, stream_id: int) -> None:
        resets = self._reset_here
        resets[stream_id] = None
        if len(resets) > _REMEMBERED_RESETS:
            del resets[next(iter(resets))]
