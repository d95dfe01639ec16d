"""HPACK, header compression for HTTP/2 (RFC 7541)."""

from wire.hpack.decoder import Decoder
from wire.hpack.encoder import (
    Encoder,
    indexed,
    literal,
    literal_indexed_name,
    with_indexing,
)
from wire.hpack.errors import HeaderListTooLarge, HpackError
from wire.hpack.integer import encode_integer, encode_string
from wire.hpack.table import Field

__all__ = [
    "Decoder",
    "Encoder",
    "Field",
    "HeaderListTooLarge",
    "HpackError",
    "encode_integer",
    "encode_string",
    "indexed",
    "literal",
    "literal_indexed_name",
    "with_indexing",
]
