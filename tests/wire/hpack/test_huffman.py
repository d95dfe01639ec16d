"""`huffman.decode` against the hpack package's encoder."""

import pytest
from hpack.huffman import HuffmanEncoder
from hpack.huffman_constants import REQUEST_CODES, REQUEST_CODES_LENGTH
from hypothesis import given, settings
from hypothesis import strategies as st

from wire.hpack import HpackError, huffman

oracle = HuffmanEncoder(REQUEST_CODES, REQUEST_CODES_LENGTH)


def test_each_symbol() -> None:
    for symbol in range(256):
        text = bytes((symbol,))
        assert huffman.decode(oracle.encode(text)) == text


def test_empty_string() -> None:
    assert huffman.decode(b"") == b""


@settings(derandomize=True, database=None, deadline=None, max_examples=300)
@given(st.binary(max_size=300))
def test_any_string(text: bytes) -> None:
    assert huffman.decode(oracle.encode(text)) == text


@settings(derandomize=True, database=None, deadline=None, max_examples=300)
@given(st.binary(max_size=20))
def test_what_is_accepted_is_what_an_encoder_makes(octets: bytes) -> None:
    try:
        text = huffman.decode(octets)
    except HpackError:
        return
    assert oracle.encode(text) == octets


@pytest.mark.parametrize("bits", range(8))
def test_padding_of_up_to_seven_ones_is_taken(bits: int) -> None:
    # "0" is five bits, ":" is seven: so many of each leave `bits` of padding.
    text = b"".join(
        next(
            (b"0" * fives, b":" * sevens)
            for fives in range(8)
            for sevens in range(8)
            if (5 * fives + 7 * sevens + bits) % 8 == 0 and fives + sevens
        )
    )
    assert huffman.decode(oracle.encode(text)) == text


def test_padding_of_eight_ones_is_refused() -> None:
    with pytest.raises(HpackError):
        huffman.decode(oracle.encode(b"0" * 8) + b"\xff")


def test_padding_with_a_zero_is_refused() -> None:
    with pytest.raises(HpackError):
        huffman.decode(b"\x06")


def test_eos_is_refused() -> None:
    with pytest.raises(HpackError):
        huffman.decode(oracle.encode(b"0" * 8) + b"\xff\xff\xff\xff")
