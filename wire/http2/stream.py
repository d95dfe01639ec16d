"""One stream as either side sees it (RFC 9113, section 5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections import deque


class Stream:
    """A stream's windows, its unsent data, and which sides have ended.

    A stream ended by both sides is not kept.
    """

    # Defaults of the class make a stream cheap: an instance sets what differs.
    call: Any = None
    """The owner's: what the stream is for."""
    taken = 0
    """Bytes taken since the last WINDOW_UPDATE."""
    remote_ended = False
    local_ended = False
    headers_seen = False
    """The first HEADERS of the peer have arrived: the next ones are trailers."""
    headers: dict[bytes, bytes]
    """The peer's first headers, by name. Of requests only."""
    content_left = -1
    """What content-length still lets the peer send. -1 is no limit."""
    queue: deque[bytes] | None = None
    queued = 0
    """Unsent bytes in the queue."""
    offset = 0
    """How much of the queue's first piece is sent."""
    end_queued = False
    trailers: list[tuple[bytes, bytes]] | None = None
    blocked = False
    """The writer has to wait."""

    def __init__(self, stream_id: int, send_window: int, receive_window: int) -> None:
        self.id = stream_id
        self.send_window = send_window
        self.receive_window = receive_window
