"""Integers and strings as HPACK writes them (RFC 7541, 5.1 and 5.2)."""

from wire.hpack import huffman
from wire.hpack.errors import HpackError

_CONTINUES = 0x80
_HUFFMAN = 0x80
_LENGTH = 0x7F
_MOST_SHIFT = 28
"""Bits before the last octet: an integer has at most five octets after its prefix."""


def encode_integer(value: int, prefix_bits: int, pattern: int = 0) -> bytes:
    """Encodes an integer, with the bits of `pattern` above the prefix in its first octet."""
    largest = (1 << prefix_bits) - 1
    if value < largest:
        return bytes((pattern | value,))
    octets = bytearray((pattern | largest,))
    value -= largest
    while value >= _CONTINUES:
        octets.append(value & 0x7F | _CONTINUES)
        value >>= 7
    octets.append(value)
    return bytes(octets)


def encode_string(text: bytes) -> bytes:
    """A string as it is: the Huffman code saves bytes, and costs more time than they do."""
    return encode_integer(len(text), 7) + text


def continue_integer(block: bytes, position: int, prefix: int) -> tuple[int, int]:
    """Reads the octets after a prefix of set bits.

    Args:
        block: the header block.
        position: of the octet after the prefix.
        prefix: the prefix's value.

    Returns:
        The integer, and the position after it.

    Raises:
        HpackError: the integer has more octets than this implementation takes.
        IndexError: the block ends within the integer.
    """
    value = prefix
    for shift in range(0, _MOST_SHIFT + 1, 7):
        octet = block[position]
        position += 1
        value += (octet & 0x7F) << shift
        if octet < _CONTINUES:
            return value, position
    raise HpackError("an integer has too many octets")


def decode_string(block: bytes, position: int) -> tuple[bytes, int]:
    """Reads a string.

    Returns:
        The string, and the position after it.

    Raises:
        HpackError: the block ends within the string, or its Huffman code is wrong.
        IndexError: the block ends within the string's length.
    """
    first = block[position]
    length = first & _LENGTH
    position += 1
    if length == _LENGTH:
        length, position = continue_integer(block, position, length)
    end = position + length
    if end > len(block):
        raise HpackError("a string is longer than its block")
    text = block[position:end]
    return huffman.decode(text) if first & _HUFFMAN else text, end
