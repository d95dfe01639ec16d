"""Compressed messages: gzip and deflate, with a bound on what comes out.

Source: https://github.com/grpc/grpc/blob/master/doc/compression.md.
"""

import zlib

import grpc

from wire.errors import MessageError

IDENTITY = b"identity"
GZIP = b"gzip"
DEFLATE = b"deflate"

ACCEPTED_ENCODINGS = b"identity,deflate,gzip"
"""The value of `grpc-accept-encoding`: all that `decompress` takes.

Without spaces: values of visible octets only need no closer look (`http2/fields.py`). With them a
request takes its server half as long again to read."""

# zlib's `wbits`: gRPC's deflate is zlib's format (RFC 1950), as HTTP's is.
_FORMATS = {GZIP: 31, DEFLATE: 15}
_ENCODINGS = {
    grpc.Compression.NoCompression: IDENTITY,
    grpc.Compression.Deflate: DEFLATE,
    grpc.Compression.Gzip: GZIP,
}
# A transport pays more for time than for bytes.
_LEVEL = 1
# Each costs a look at all that follows it.
_MOST_MEMBERS = 16


def encoding_of(compression: grpc.Compression | None) -> bytes:
    """The wire's name for an application's choice. None means identity."""
    return IDENTITY if compression is None else _ENCODINGS[compression]


def is_known(encoding: bytes) -> bool:
    """Whether messages of this `grpc-encoding` can be read."""
    return encoding == IDENTITY or encoding in _FORMATS


def is_accepted(encoding: bytes, accepted: bytes | None) -> bool:
    """Whether a peer takes an encoding, by its `grpc-accept-encoding`."""
    if encoding == IDENTITY:
        return True
    return accepted is not None and encoding in (name.strip() for name in accepted.split(b","))


def compress(encoding: bytes, message: bytes) -> bytes:
    """The message in an encoding other than identity."""
    compressor = zlib.compressobj(_LEVEL, wbits=_FORMATS[encoding])
    return compressor.compress(message) + compressor.flush()


def decompress(encoding: bytes, data: bytes, limit: int) -> bytes:
    """The message in compressed bytes. Never makes more than `limit` + 1 bytes of them.

    No bytes are an empty message: .NET's gzip writes none for it. A gzip stream may have several
    members (RFC 1952, section 2.2).

    Raises:
        MessageError: the bytes are not a whole stream of the encoding (INTERNAL), or the message
            is larger than `limit` (RESOURCE_EXHAUSTED).
    """
    wbits = _FORMATS.get(encoding)
    if wbits is None:
        raise MessageError(
            grpc.StatusCode.INTERNAL, "a message is compressed, but there is no grpc-encoding"
        )
    if not data:
        return data
    message, rest = _first_stream(wbits, data, limit)
    if rest and encoding == GZIP:
        message, rest = _further_members(message, rest, limit)
    if rest:
        raise _unreadable()
    return message


def _first_stream(wbits: int, data: bytes, limit: int) -> tuple[bytes, bytes]:
    """The message in a stream, and the bytes behind it."""
    decompressor = zlib.decompressobj(wbits)
    try:
        message = decompressor.decompress(data, limit + 1)
    except zlib.error:
        raise _unreadable() from None
    if len(message) > limit:
        raise MessageError(
            grpc.StatusCode.RESOURCE_EXHAUSTED, f"a message is larger than {limit} bytes"
        )
    if not decompressor.eof:
        raise _unreadable()
    return message, decompressor.unused_data


def _further_members(message: bytes, rest: bytes, limit: int) -> tuple[bytes, bytes]:
    for _ in range(_MOST_MEMBERS - 1):
        member, rest = _first_stream(_FORMATS[GZIP], rest, limit - len(message))
        message += member
        if not rest:
            break
    return message, rest


def _unreadable() -> MessageError:
    return MessageError(grpc.StatusCode.INTERNAL, "a compressed message cannot be read")
