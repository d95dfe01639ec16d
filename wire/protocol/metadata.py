"""Metadata: an application's own headers and trailers, text or, for names in `-bin`, bytes.

Source: PROTOCOL-HTTP2.md, "Requests" (Custom-Metadata). Names and values must also meet RFC 9113
section 8.2.1, or a peer may refuse the whole message.
"""

import binascii
import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from wire.errors import MetadataError

Field = tuple[bytes, bytes]
"""A header field as HPACK has it."""

Value = str | bytes


class Metadatum(NamedTuple):
    """An item of a caller's metadata: a pair, and grpcio's names for its halves."""

    key: str
    value: Value


BINARY_SUFFIX = b"-bin"
"""The end of the names of binary values."""

_BINARY_SUFFIX = BINARY_SUFFIX.decode()
_is_name = re.compile(r"[0-9a-z_.-]+").fullmatch
_is_plain_value = re.compile(rb"[ -~]*").fullmatch

# The transport itself speaks by these, or HTTP/2 forbids them (RFC 9113 section 8.2.2).
_RESERVED = frozenset(
    (
        *("te", "content-type", "content-length", "user-agent", "host"),
        *("connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"),
        *("grpc-timeout", "grpc-status", "grpc-message"),
        *("grpc-encoding", "grpc-accept-encoding", "grpc-message-type"),
    )
)
# What a peer sends of them is no metadata either. An application may see the user agent.
_HIDDEN = frozenset(name.encode() for name in _RESERVED - {"user-agent"})

# Names of text that were found good. They come from programs, not from peers, and are few. A
# program that makes names up call by call does not fill the memory.
_text_names: dict[str, bytes] = {}
_MAX_TEXT_NAMES = 1024


# Names of text that peers have sent, empty for those that are no metadata. Peers may make names up.
_decoded_names: dict[bytes, str] = {}
_MAX_DECODED_NAMES = 512
_MAX_DECODED_NAME = 64


def encode_metadata(metadata: Iterable[tuple[str | bytes, Value]]) -> list[Field]:
    """The fields of an application's metadata, in its order.

    Names may be bytes, too: grpc.aio takes them.

    Raises:
        MetadataError: a name has characters other than `0-9a-z_.-` or is reserved for the
            transport, a text value is not printable ASCII, or a value is neither text nor bytes.
    """
    fields = []
    known: dict[Any, bytes] = _text_names
    for name, value in metadata:
        encoded = known.get(name)
        # The usual case in one step: text of printable ASCII, by a name that came before.
        if (
            encoded is not None
            and isinstance(value, str)
            and value.isascii()
            and value.isprintable()
        ):
            # RFC 9113 section 8.2.1 forbids space around a value, and gRPC lets it be stripped.
            fields.append((encoded, value.encode().strip()))
        else:
            fields.append(_encode(name, value))
    return fields


def _encode(name: str | bytes, value: Value) -> Field:
    if isinstance(name, bytes):
        name = name.decode("ascii", "replace")
    encoded = _text_names.get(name) or _encode_name(name)
    if isinstance(value, str):
        data = value.encode("utf-8", "surrogatepass")
    elif isinstance(value, bytes | bytearray | memoryview):
        data = bytes(value)
    else:
        # bytes() takes a number for a length.
        raise MetadataError(f"the value of {name!r} is of {type(value).__name__}, not str or bytes")
    if name.endswith(_BINARY_SUFFIX):
        return encoded, binascii.b2a_base64(data, newline=False).rstrip(b"=")
    if not _is_plain_value(data):
        raise MetadataError(f"the value of {name!r} is not printable ASCII: names in -bin take any")
    return encoded, data.strip()


def _encode_name(name: str) -> bytes:
    if not isinstance(name, str) or not _is_name(name):
        raise MetadataError(f"{name!r} is no name of metadata, which has 0-9, a-z, _, . and - only")
    if name in _RESERVED:
        raise MetadataError(f"{name!r} is the transport's own and cannot be metadata")
    encoded = name.encode()
    if not name.endswith(_BINARY_SUFFIX) and len(_text_names) < _MAX_TEXT_NAMES:
        _text_names[name] = encoded
    return encoded


def decode_metadata(fields: Iterable[Field]) -> tuple[tuple[str, Value], ...]:
    """The metadata among a peer's fields, without the transport's own fields.

    An intermediary may have joined values of a `-bin` name by commas. They are separate again.

    Raises:
        MetadataError: the value of a `-bin` name is not base64.
    """
    metadata: list[tuple[str, Value]] = []
    known = _decoded_names
    for name, value in fields:
        text = known.get(name)
        if text is None:
            metadata += _decode_unusual(name, value)
        elif text:
            metadata.append((text, value.decode("latin-1")))
    return tuple(metadata)


def _decode_unusual(name: bytes, value: bytes) -> list[tuple[str, Value]]:
    """A field of bytes, or a field with a new name."""
    text = name.decode("latin-1")
    if text.endswith(_BINARY_SUFFIX):
        return [(text, _decode_base64(text, part)) for part in value.split(b",")]
    if name in _HIDDEN or name[:1] == b":":
        text = ""
    if len(_decoded_names) < _MAX_DECODED_NAMES and len(name) <= _MAX_DECODED_NAME:
        _decoded_names[name] = text
    return [(text, value.decode("latin-1"))] if text else []


def _decode_base64(name: str, value: bytes) -> bytes:
    # Padding is optional on the wire.
    digits = value.strip().rstrip(b"=")
    try:
        return binascii.a2b_base64(digits + b"=" * (-len(digits) % 4), strict_mode=True)
    except binascii.Error:
        raise MetadataError(f"the value of {name!r} is not base64") from None
