"""Unread responses, and their part of the window."""

from __future__ import annotations

from collections import deque

from wire.protocol.compression import IDENTITY
from wire.protocol.messages import PREFIX_BYTES, MessageParser, plain_message


class Inbox:
    """The responses of one stream, in their order.

    What nobody has read is not acknowledged, so a slow reader stops the server. Only where no whole
    response waits are the bytes of an unfinished one taken as they come: it could not become whole
    otherwise, and its size has a limit of its own.
    """

    __slots__ = ("_encoding", "_limit", "_parser", "_unacknowledged", "_unread", "_waiting")

    def __init__(self, limit: int, encoding: bytes = IDENTITY) -> None:
        """Begins empty.

        Args:
            limit: most bytes of a response, before and after decompression.
            encoding: of compressed responses.
        """
        self._limit = limit
        self._encoding = encoding
        self._parser = MessageParser(limit)
        self._unread: deque[tuple[bool, bytes]] = deque()
        self._unacknowledged = 0
        """Bytes received and not yet acknowledged."""
        self._waiting = 0
        """Bytes of whole responses."""

    def __bool__(self) -> bool:
        """Whether there is a response to read."""
        return bool(self._unread)

    @property
    def is_whole(self) -> bool:
        """Whether no response has begun without having ended."""
        return not self._parser.held

    def feed(self, data: bytes) -> int:
        """Takes the next bytes, and returns how many may be acknowledged.

        Raises:
            MessageError: see `MessageParser.feed`.
        """
        messages = self._parser.feed(data)
        self._unread += messages
        self._waiting += sum([PREFIX_BYTES + len(message) for _, message in messages])
        self._unacknowledged += len(data)
        return self._taken()

    def read(self) -> tuple[tuple[bool, bytes], int]:
        """The next response as it arrived, and how many bytes may be acknowledged for it."""
        message = self._unread.popleft()
        self._waiting -= PREFIX_BYTES + len(message[1])
        return message, self._taken()

    def _taken(self) -> int:
        kept = self._waiting + self._parser.held if self._unread else 0
        taken = max(0, self._unacknowledged - kept)
        self._unacknowledged -= taken
        return taken

    def unpack(self, message: tuple[bool, bytes]) -> bytes:
        """A response, decompressed where it is compressed.

        Raises:
            MessageError: see `decompress`.
        """
        return plain_message(message, self._encoding, self._limit)

    def clear(self) -> None:
        """Forgets what was not read."""
        self._unread.clear()
