"""The bytes of requests and responses in the whole server."""

from __future__ import annotations

MESSAGE_BYTES = 128
"""What a waiting message costs beside its bytes. Callers may send 200,000 empty ones in a MiB."""

CALL_BYTES = 4096
"""What a call costs beside its headers and messages: its objects and its task."""


class Held:
    """A count with a limit. It bounds the memory taken by all peers together."""

    __slots__ = ("count", "limit")

    def __init__(self, limit: int) -> None:
        self.count = 0
        self.limit = limit

    def has_room(self, size: int) -> bool:
        """Whether so many bytes more may be held."""
        return self.count + size <= self.limit
