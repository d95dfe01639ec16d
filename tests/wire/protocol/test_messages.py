"""Length-prefixed messages, split in any way by frames."""

import tracemalloc

import grpc
import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from wire.errors import MessageError
from wire.protocol.compression import GZIP, IDENTITY, compress
from wire.protocol.messages import MessageParser, frame_message, only_message, plain_message

_LIMIT = 1000


def test_a_message_has_flag_and_length_before_it() -> None:
    assert frame_message(b"abc") == b"\x00\x00\x00\x00\x03abc"
    assert frame_message(b"", compressed=True) == b"\x01\x00\x00\x00\x00"


@seed(1)
@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.binary(max_size=60))), st.data())
def test_any_cut_of_the_bytes_gives_the_same_messages(
    messages: list[tuple[bool, bytes]], data: st.DataObject
) -> None:
    stream = b"".join(frame_message(body, compressed=flag) for flag, body in messages)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=20)))
    parser = MessageParser(_LIMIT)

    found = []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        found += parser.feed(stream[start:end])

    assert found == messages
    assert parser.held == 0


def test_an_unfinished_message_is_held() -> None:
    parser = MessageParser(_LIMIT)

    assert parser.feed(frame_message(b"abc")[:-1]) == []
    assert parser.held == 7
    assert parser.feed(b"c") == [(False, b"abc")]


def test_a_message_beyond_the_limit_is_refused_at_its_prefix() -> None:
    with pytest.raises(MessageError) as caught:
        MessageParser(_LIMIT).feed(b"\x00\x00\x00\x03\xe9")

    assert caught.value.code is grpc.StatusCode.RESOURCE_EXHAUSTED


def test_a_message_at_the_limit_passes() -> None:
    assert MessageParser(_LIMIT).feed(frame_message(bytes(_LIMIT))) == [(False, bytes(_LIMIT))]


@pytest.mark.parametrize("flag", [2, 3, 0x80, 0xFF])
def test_a_flag_that_grpc_lacks_is_refused(flag: int) -> None:
    with pytest.raises(MessageError) as caught:
        MessageParser(_LIMIT).feed(bytes((flag, 0, 0, 0, 0)))

    assert caught.value.code is grpc.StatusCode.INTERNAL


def test_a_message_in_single_bytes_costs_its_size_only() -> None:
    parser = MessageParser(1 << 20)
    stream = frame_message(bytes(1 << 16))
    tracemalloc.start()

    found = [message for byte in stream for message in parser.feed(bytes((byte,)))]

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found == [(False, bytes(1 << 16))]
    assert peak < 4 << 16


def test_only_message_takes_exactly_one_plain_message() -> None:
    whole = frame_message(b"abc")

    assert only_message(whole, _LIMIT) == b"abc"
    assert only_message(frame_message(b""), _LIMIT) == b""
    for other in (
        b"",
        whole[:-1],
        whole + whole,
        whole + b"x",
        frame_message(b"abc", compressed=True),
        frame_message(bytes(_LIMIT + 1)),
    ):
        assert only_message(other, _LIMIT) is None


def test_a_compressed_message_is_undone() -> None:
    assert plain_message((True, compress(GZIP, b"abc")), GZIP, _LIMIT) == b"abc"
    assert plain_message((False, b"abc"), GZIP, _LIMIT) == b"abc"
    with pytest.raises(MessageError):
        plain_message((True, b"abc"), IDENTITY, _LIMIT)
