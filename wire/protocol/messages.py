"""Length-prefixed messages: one byte of flags, four of length, the message.

DATA frames have no say in where a message ends (PROTOCOL-HTTP2.md, "Requests").
"""

import struct

import grpc

from wire.errors import MessageError
from wire.protocol.compression import decompress

PREFIX_BYTES = 5
"""What stands before each message."""

_PREFIX = struct.Struct(">BI")
_pack_prefix = _PREFIX.pack
_unpack_prefix = _PREFIX.unpack_from


def frame_message(message: bytes, *, compressed: bool = False) -> bytes:
    """The message with its prefix."""
    return _pack_prefix(compressed, len(message)) + message


def only_message(data: bytes, limit: int) -> bytes | None:
    """The message, where the bytes are exactly one, not compressed and within the limit.

    None is no error: the bytes are for a `MessageParser` then.
    """
    length = len(data) - PREFIX_BYTES
    if not 0 <= length <= limit or _unpack_prefix(data) != (0, length):
        return None
    return data[PREFIX_BYTES:]


class MessageParser:
    """Finds the messages in one direction of one call, however they are cut into frames.

    Holds one unfinished message at most. A message beyond the limit is refused at its prefix.
    """

    __slots__ = ("_begun", "_limit", "_wanted")

    def __init__(self, limit: int) -> None:
        """Begins before the first message.

        Args:
            limit: most bytes of a message on the wire.
        """
        self._limit = limit
        # Not a list of chunks: a peer that sends single bytes would make an object of each.
        self._begun = bytearray()
        self._wanted = PREFIX_BYTES

    @property
    def held(self) -> int:
        """Bytes of the unfinished message."""
        return len(self._begun)

    def feed(self, data: bytes) -> list[tuple[bool, bytes]]:
        """Takes the next bytes and returns the messages they complete.

        Each comes with its compressed flag. `plain_message` decompresses.

        Raises:
            MessageError: a flag is neither 0 nor 1 (INTERNAL), or a message is beyond the limit
                (RESOURCE_EXHAUSTED).
        """
        if self._begun:
            self._begun += data
            size = len(self._begun)
            if size < self._wanted:
                return []
            if size == self._wanted > PREFIX_BYTES:
                return [self._take_begun()]
            data = bytes(self._begun)
        return self._split(data)

    def _take_begun(self) -> tuple[bool, bytes]:
        """The message just completed: a large one is copied once less by this."""
        begun, self._begun = self._begun, bytearray()
        self._wanted = PREFIX_BYTES
        with memoryview(begun) as view:
            return begun[0] == 1, bytes(view[PREFIX_BYTES:])

    def _split(self, data: bytes) -> list[tuple[bool, bytes]]:
        messages = []
        position = 0
        size = len(data)
        self._wanted = PREFIX_BYTES
        while position + PREFIX_BYTES <= size:
            flag, length = _unpack_prefix(data, position)
            self._check(flag, length)
            end = position + PREFIX_BYTES + length
            if end > size:
                self._wanted = PREFIX_BYTES + length
                break
            messages.append((flag == 1, data[position + PREFIX_BYTES : end]))
            position = end
        self._begun = bytearray(data[position:])
        return messages

    def _check(self, flag: int, length: int) -> None:
        if flag > 1:
            raise MessageError(
                grpc.StatusCode.INTERNAL, f"a message's flags are {flag}, neither 0 nor 1"
            )
        if length > self._limit:
            raise MessageError(
                grpc.StatusCode.RESOURCE_EXHAUSTED,
                f"a message of {length} bytes is larger than {self._limit} bytes",
            )


def plain_message(message: tuple[bool, bytes], encoding: bytes, limit: int) -> bytes:
    """The parser's message, decompressed if it is compressed.

    Args:
        message: from `MessageParser.feed`.
        encoding: the `grpc-encoding` of the call's direction.
        limit: most bytes of the message.

    Raises:
        MessageError: see `decompress`.
    """
    compressed, data = message
    return decompress(encoding, data, limit) if compressed else data
