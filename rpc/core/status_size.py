"""Statuses small enough for the next hop's limit on headers."""

import re

from rpc.core.errors import Trailers
from rpc.core.metadata_keys import STATUS_DETAILS

MOST_BYTES = 7 * 1024
"""gRPC's C core refuses header lists of more than 8 KiB, counted as RFC 9113 section 6.5.2 counts.
The rest is for the transport's own fields."""

# RFC 9113 section 6.5.2.
_FIELD_BYTES = 32

# Percent-encoding makes three bytes of each (gRPC's PROTOCOL-HTTP2.md, "Responses").
_ESCAPED = re.compile(rb"[^ -$&-~]")
_CUT = "..."


def fitting(message: str, trailers: Trailers) -> tuple[str, Trailers]:
    """A status's text and trailers, as far as they fit.

    Details are left out before the text is cut, as half of them could not be read.

    Args:
        message: the text.
        trailers: what goes along. A program's own are never left out.
    """
    if _message_size(message) + _trailers_size(trailers) <= MOST_BYTES:
        return message, trailers
    kept = tuple((key, value) for key, value in trailers if key != STATUS_DETAILS)
    return _cut(message, MOST_BYTES - _trailers_size(kept)), kept


def _message_size(text: str) -> int:
    octets = text.encode("utf-8", "replace")
    return len(octets) + 2 * len(_ESCAPED.findall(octets))


def _trailers_size(trailers: Trailers) -> int:
    return sum(_FIELD_BYTES + len(key) + _value_size(value) for key, value in trailers)


def _value_size(value: str | bytes) -> int:
    # Bytes travel in base64.
    return -(-len(value) // 3) * 4 if isinstance(value, bytes) else len(value)


def _cut(text: str, room: int) -> str:
    if _message_size(text) <= room:
        return text
    room -= len(_CUT)
    for end, character in enumerate(text):
        room -= _message_size(character)
        if room < 0:
            return text[:end] + _CUT
    return text
