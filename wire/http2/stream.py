"""One stream as either side sees it (RFC 9113, section 5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections import deque


class Stream:
    """Windows, what is queued to be sent, and which sides have ended.

    A stream that both sides have ended is not kept. `call` is the owner's: what the stream is for.
    """

    __slots__ = (
        "blocked",
        "call",
        "content_left",
        "end_queued",
        "headers_seen",
        "id",
        "local_ended",
        "offset",
        "queue",
        "queued",
        "receive_window",
        "remote_ended",
        "send_window",
        "taken",
        "trailers",
    )

    def __init__(self, stream_id: int, send_window: int, receive_window: int) -> None:
        self.id = stream_id
        self.send_window = send_window
        self.receive_window = receive_window
        self.taken = 0
        """Bytes that were taken since the last WINDOW_UPDATE."""
        self.remote_ended = False
        self.local_ended = False
        self.headers_seen = False
        """The first HEADERS of the peer have arrived: the next ones are trailers."""
        self.content_left = -1
        """What content-length still lets the peer send; -1 is no limit."""
        self.queue: deque[bytes] | None = None
        self.queued = 0
        self.offset = 0
        """How much of the queue's first piece is sent."""
        self.end_queued = False
        self.trailers: list[tuple[bytes, bytes]] | None = None
        self.blocked = False
        """The writer was told to wait."""
        self.call: Any = None
