"""Messages that nobody has read yet, and their part of the window."""

from __future__ import annotations

from collections import deque

from wire.protocol.compression import IDENTITY
from wire.protocol.messages import PREFIX_BYTES, MessageParser, plain_message


class UnreadMessages:
    """The messages of one direction of a call, in their order.

    What nobody has read is not acknowledged, so a slow reader stops the peer. Only where no whole
    message waits are the bytes of an unfinished one taken as they come: it could not become whole
    otherwise, and its size has a limit of its own.
    """

    __slots__ = ("_encoding", "_limit", "_messages", "_parser", "_unacknowledged", "_waiting")

    def __init__(self, limit: int, encoding: bytes = IDENTITY) -> None:
        """Begins empty.

        Args:
            limit: most bytes of a message, before and after decompression.
            encoding: of compressed messages.
        """
        self._limit = limit
        self._encoding = encoding
        self._parser = MessageParser(limit)
        self._messages: deque[tuple[bool, bytes]] = deque()
        self._unacknowledged = 0
        """Bytes received and not yet acknowledged."""
        self._waiting = 0
        """Bytes of whole messages."""

    def __len__(self) -> int:
        """How many whole messages there are to read."""
        return len(self._messages)

    @property
    def size(self) -> int:
        """Bytes of all messages, of an unfinished one too."""
        return self._waiting + self._parser.held

    @property
    def is_whole(self) -> bool:
        """Whether no message has begun without having ended."""
        return not self._parser.held

    def feed(self, data: bytes) -> int:
        """Takes the next bytes, and returns how many may be acknowledged.

        Raises:
            MessageError: see `MessageParser.feed`.
        """
        messages = self._parser.feed(data)
        self._messages += messages
        self._waiting += sum([PREFIX_BYTES + len(message) for _, message in messages])
        self._unacknowledged += len(data)
        return self._taken()

    def read(self) -> tuple[tuple[bool, bytes], int]:
        """The next message as it arrived, and how many bytes may be acknowledged for it."""
        message = self._messages.popleft()
        self._waiting -= PREFIX_BYTES + len(message[1])
        return message, self._taken()

    def _taken(self) -> int:
        kept = self.size if self._messages else 0
        taken = max(0, self._unacknowledged - kept)
        self._unacknowledged -= taken
        return taken

    def unpack(self, message: tuple[bool, bytes]) -> bytes:
        """A message, decompressed where it is compressed.

        Raises:
            MessageError: see `decompress`.
        """
        return plain_message(message, self._encoding, self._limit)

    def clear(self) -> None:
        """Forgets what was not read."""
        self._messages.clear()
        self._waiting = 0
        self._parser = MessageParser(self._limit)
