"""Metadata on the wire and back."""

import base64
from typing import Any

import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from wire.errors import MetadataError
from wire.protocol.metadata import decode_metadata, encode_metadata

_NAMES = st.from_regex(r"x-[0-9a-z_.-]{0,20}[0-9a-z]", fullmatch=True)
_TEXTS = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=40)


def test_text_goes_as_it_is() -> None:
    assert encode_metadata([("x-request-id", "abc 1")]) == [(b"x-request-id", b"abc 1")]


def test_bytes_go_as_base64_without_padding() -> None:
    assert encode_metadata([("a-bin", b"\x00\xff\x10\x80")]) == [(b"a-bin", b"AP8QgA")]


def test_space_around_a_text_is_stripped() -> None:
    assert encode_metadata([("a", "  b c ")]) == [(b"a", b"b c")]


def test_a_name_may_be_bytes() -> None:
    given: list[tuple[bytes, str | bytes]] = [
        (b"x-name", "b"),
        (b"x-name", "c"),
        (b"a-bin", b"\xff"),
    ]
    assert encode_metadata(given) == [(b"x-name", b"b"), (b"x-name", b"c"), (b"a-bin", b"/w")]


@pytest.mark.parametrize(
    "name", ["", "Upper", "with space", ":path", "naïve", "a\n", "a:b", b"Upper", b"\xc3\xa4"]
)
def test_a_name_with_other_characters_is_refused(name: str | bytes) -> None:
    with pytest.raises(MetadataError, match="no name of metadata"):
        encode_metadata([(name, "x")])


@pytest.mark.parametrize(
    "name", ["te", "content-type", "connection", "grpc-timeout", "grpc-status", "grpc-encoding"]
)
def test_a_name_of_the_transport_is_refused(name: str) -> None:
    with pytest.raises(MetadataError, match="transport's own"):
        encode_metadata([(name, "x")])


@pytest.mark.parametrize("name", ["grpc-status-details-bin", "grpc-retry-pushback-ms"])
def test_names_that_grpc_gives_to_applications_go(name: str) -> None:
    assert encode_metadata([(name, b"10")])[0][0] == name.encode()


@pytest.mark.parametrize("value", ["é", "a\nb", "\x00", "\x7f", b"\x80", "\ud800"])
def test_a_text_that_is_not_printable_ascii_is_refused(value: str | bytes) -> None:
    with pytest.raises(MetadataError, match="not printable ASCII"):
        encode_metadata([("a", value)])


@pytest.mark.parametrize("name", ["a", "a-bin"])
@pytest.mark.parametrize("value", [5, None, [1, 2], {"b": "c"}])
def test_a_value_is_text_or_bytes(name: str, value: Any) -> None:
    with pytest.raises(MetadataError, match="not str or bytes"):
        encode_metadata([(name, value)])


def test_fields_of_the_transport_are_no_metadata() -> None:
    fields = [
        (b":path", b"/a/b"),
        (b"te", b"trailers"),
        (b"content-type", b"application/grpc"),
        (b"grpc-timeout", b"1S"),
        (b"user-agent", b"test"),
        (b"a", b"1"),
        (b"a", b"2"),
    ]

    assert decode_metadata(fields) == (("user-agent", "test"), ("a", "1"), ("a", "2"))


@pytest.mark.parametrize("value", [b"AP8=", b"AP8"])
def test_base64_is_read_with_and_without_padding(value: bytes) -> None:
    assert decode_metadata([(b"a-bin", value)]) == (("a-bin", b"\x00\xff"),)


def test_joined_binary_values_are_separate_again() -> None:
    decoded = decode_metadata([(b"a-bin", b"AP8=, AA,,/w"), (b"b", b"1,2")])

    assert decoded == (
        ("a-bin", b"\x00\xff"),
        ("a-bin", b"\x00"),
        ("a-bin", b""),
        ("a-bin", b"\xff"),
        ("b", "1,2"),
    )


@pytest.mark.parametrize("value", [b"A", b"AP8*", b"A P8", b"AP8==x", b"\xff\xff"])
def test_a_binary_value_that_is_no_base64_is_refused(value: bytes) -> None:
    with pytest.raises(MetadataError, match="not base64"):
        decode_metadata([(b"a-bin", value)])


@seed(1)
@settings(max_examples=200, deadline=None)
@given(st.lists(st.one_of(st.tuples(_NAMES, _TEXTS), st.tuples(st.just("x-bin"), st.binary()))))
def test_any_metadata_survives_the_wire(metadata: list[tuple[str, str | bytes]]) -> None:
    metadata = [(name, value) for name, value in metadata if not name.endswith("-bin")] + [
        (name, value) for name, value in metadata if isinstance(value, bytes)
    ]

    assert decode_metadata(encode_metadata(metadata)) == tuple(metadata)


@seed(1)
@settings(max_examples=100, deadline=None)
@given(st.binary())
def test_base64_is_that_of_the_standard_library(value: bytes) -> None:
    assert encode_metadata([("a-bin", value)])[0][1] == base64.b64encode(value).rstrip(b"=")


def test_names_that_peers_make_up_are_decoded_for_ever() -> None:
    for number in range(2000):
        fields = [(b"x-%d" % number, b"1"), (b"te", b"trailers"), (b"b-bin", b"AA")]

        assert decode_metadata(fields) == ((f"x-{number}", "1"), ("b-bin", b"\x00"))
