"""Compressed messages, and bombs among them."""

import gzip
import tracemalloc
import zlib

import grpc
import pytest

from wire.errors import MessageError
from wire.protocol.compression import (
    ACCEPTED_ENCODINGS,
    DEFLATE,
    GZIP,
    IDENTITY,
    compress,
    decompress,
    encoding_of,
    is_accepted,
    is_known,
)

_LIMIT = 1 << 16


@pytest.mark.parametrize("encoding", [GZIP, DEFLATE])
@pytest.mark.parametrize("message", [b"", b"a", b"ab" * 30_000])
def test_a_compressed_message_comes_back(encoding: bytes, message: bytes) -> None:
    assert decompress(encoding, compress(encoding, message), _LIMIT) == message


def test_the_encodings_are_those_of_the_standard_library() -> None:
    assert gzip.decompress(compress(GZIP, b"text")) == b"text"
    assert zlib.decompress(compress(DEFLATE, b"text")) == b"text"


@pytest.mark.parametrize("encoding", [GZIP, DEFLATE])
def test_a_message_at_the_limit_passes(encoding: bytes) -> None:
    message = bytes(_LIMIT)

    assert decompress(encoding, compress(encoding, message), _LIMIT) == message


@pytest.mark.parametrize("encoding", [GZIP, DEFLATE])
def test_a_bomb_costs_no_more_than_the_limit(encoding: bytes) -> None:
    bomb = compress(encoding, bytes(100 << 20))
    tracemalloc.start()

    with pytest.raises(MessageError) as caught:
        decompress(encoding, bomb, _LIMIT)

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert caught.value.code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert peak < 1 << 20


@pytest.mark.parametrize("encoding", [GZIP, DEFLATE])
def test_what_is_not_one_whole_stream_is_refused(encoding: bytes) -> None:
    data = compress(encoding, b"some text")

    for broken in (b"garbage", data[:-1], data + b"x", data + data[:-1], data[:-4] + b"\1\2\3\4"):
        with pytest.raises(MessageError) as caught:
            decompress(encoding, broken, _LIMIT)
        assert caught.value.code is grpc.StatusCode.INTERNAL


@pytest.mark.parametrize("encoding", [GZIP, DEFLATE])
def test_no_bytes_are_an_empty_message(encoding: bytes) -> None:
    assert decompress(encoding, b"", _LIMIT) == b""


def test_a_gzip_stream_may_have_several_members() -> None:
    members = compress(GZIP, b"some ") + compress(GZIP, b"") + compress(GZIP, b"text")

    assert decompress(GZIP, members, 9) == b"some text"
    with pytest.raises(MessageError) as caught:
        decompress(GZIP, members, 8)
    assert caught.value.code is grpc.StatusCode.RESOURCE_EXHAUSTED


@pytest.mark.parametrize(
    ("encoding", "streams"), [(GZIP, 17), (DEFLATE, 2)], ids=["gzip", "deflate"]
)
def test_a_message_has_few_streams(encoding: bytes, streams: int) -> None:
    with pytest.raises(MessageError) as caught:
        decompress(encoding, compress(encoding, b"a") * streams, _LIMIT)
    assert caught.value.code is grpc.StatusCode.INTERNAL


def test_a_compressed_message_without_encoding_is_refused() -> None:
    with pytest.raises(MessageError) as caught:
        decompress(IDENTITY, b"x", _LIMIT)

    assert caught.value.code is grpc.StatusCode.INTERNAL


def test_what_is_announced_can_be_read() -> None:
    for encoding in ACCEPTED_ENCODINGS.split(b","):
        assert is_known(encoding)
    assert not is_known(b"snappy")


def test_a_peer_is_sent_what_it_accepts() -> None:
    assert is_accepted(IDENTITY, None)
    assert is_accepted(GZIP, b"identity,gzip")
    assert is_accepted(DEFLATE, ACCEPTED_ENCODINGS)
    assert not is_accepted(GZIP, None)
    assert not is_accepted(GZIP, b"identity, x-gzip")


def test_grpc_names_of_compression_are_known() -> None:
    assert encoding_of(None) == IDENTITY
    assert encoding_of(grpc.Compression.NoCompression) == IDENTITY
    assert encoding_of(grpc.Compression.Gzip) == GZIP
    assert encoding_of(grpc.Compression.Deflate) == DEFLATE
