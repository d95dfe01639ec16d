"""Strings in HPACK's Huffman code (RFC 7541, 5.2 and Appendix B).

The decoder goes from octet to octet. A node is a place in the code's tree, and a row of the table:
it knows for an octet where the octet's bits lead, and which symbols end on the way. Rows fill as
octets come, so an import builds none of the 65,536 entries.
"""

from functools import lru_cache
from itertools import chain

from wire.hpack.errors import HpackError

EOS = 256
"""The end-of-string symbol. It may not occur. Its first bits are the padding."""

_SYMBOLS_BY_LENGTH: dict[int, bytes] = {
    5: b"012aceiost",
    6: b" %-./3456789=A_bdfghlmnpru",
    7: b":BCDEFGHIJKLMNOPQRSTUVWYjkqvwxyz",
    8: b"&*,;XZ",
    10: b'!"()?',
    11: b"'+|",
    12: b"#>",
    13: b"\x00$@[]~",
    14: b"^}",
    15: b"<`{",
    19: b"\\\xc3\xd0",
    20: b"\x80\x82\x83\xa2\xb8\xc2\xe0\xe2",
    21: b"\x99\xa1\xa7\xac\xb0\xb1\xb3\xd1\xd8\xd9\xe3\xe5\xe6",
    22: b"\x81\x84\x85\x86\x88\x92\x9a\x9c\xa0\xa3\xa4\xa9\xaa\xad\xb2\xb5\xb9\xba\xbb\xbd\xbe\xc4"
    b"\xc6\xe4\xe8\xe9",
    23: b"\x01\x87\x89\x8a\x8b\x8c\x8d\x8f\x93\x95\x96\x97\x98\x9b\x9d\x9e\xa5\xa6\xa8\xae\xaf\xb4"
    b"\xb6\xb7\xbc\xbf\xc5\xe7\xef",
    24: b"\t\x8e\x90\x91\x94\x9f\xab\xce\xd7\xe1\xec\xed",
    25: b"\xc7\xcf\xea\xeb",
    26: b"\xc0\xc1\xc8\xc9\xca\xcd\xd2\xd5\xda\xdb\xee\xf0\xf2\xf3\xff",
    27: b"\xcb\xcc\xd3\xd4\xd6\xdd\xde\xdf\xf1\xf4\xf5\xf6\xf7\xf8\xfa\xfb\xfc\xfd\xfe",
    28: b"\x02\x03\x04\x05\x06\x07\x08\x0b\x0c\x0e\x0f\x10\x11\x12\x13\x14\x15\x17\x18\x19\x1a\x1b"
    b"\x1c\x1d\x1e\x1f\x7f\xdc\xf9",
    30: b"\n\r\x16",
}
"""The symbols by the bits of their codes. The code is canonical: codes of a length count upwards in
this order, and EOS has the last one."""

_LONGEST_PADDING = 7
_LONGEST_CACHED = 64


class _Node(dict[int, "tuple[_Node, bytes]"]):
    """A place in the code's tree.

    Attributes:
        branches: what a 0 and a 1 lead to: a node, or a symbol.
        may_end: a string may end here, because the bits since the last symbol are padding.
    """

    __slots__ = ("branches", "may_end")

    def __init__(self, *, may_end: bool) -> None:
        self.branches: list[_Node | int | None] = [None, None]
        self.may_end = may_end

    def __missing__(self, octet: int) -> "tuple[_Node, bytes]":
        node = self
        symbols = bytearray()
        for shift in range(7, -1, -1):
            branch = node.branches[octet >> shift & 1]
            if isinstance(branch, _Node):
                node = branch
            elif branch is None or branch == EOS:
                raise HpackError("a Huffman string has the EOS symbol")
            else:
                symbols.append(branch)
                node = _ROOT
        self[octet] = entry = (node, bytes(symbols))
        return entry


def _tree() -> _Node:
    root = _Node(may_end=True)
    code = length = 0
    for bits, symbols in _SYMBOLS_BY_LENGTH.items():
        code <<= bits - length
        length = bits
        for symbol in chain(symbols, (EOS,) if bits == max(_SYMBOLS_BY_LENGTH) else ()):
            _grow(root, code, bits, symbol)
            code += 1
    return root


def _grow(root: _Node, code: int, bits: int, symbol: int) -> None:
    node = root
    for depth in range(1, bits):
        bit = code >> (bits - depth) & 1
        branch = node.branches[bit]
        if not isinstance(branch, _Node):
            padding = node.may_end and bit == 1 and depth <= _LONGEST_PADDING
            branch = node.branches[bit] = _Node(may_end=padding)
        node = branch
    node.branches[code & 1] = symbol


_ROOT = _tree()


def decode(text: bytes) -> bytes:
    """Decodes a Huffman string.

    Raises:
        HpackError: it has EOS, or more than 7 bits of padding, or padding other than EOS's first
            bits.
    """
    return _decode_and_keep(text) if len(text) <= _LONGEST_CACHED else _decode(text)


def _decode(text: bytes) -> bytes:
    node = _ROOT
    symbols: list[bytes] = []
    append = symbols.append
    for octet in text:
        node, some = node[octet]
        append(some)
    if not node.may_end:
        raise HpackError("a Huffman string ends in wrong padding")
    return b"".join(symbols)


_decode_and_keep = lru_cache(maxsize=128)(_decode)
