"""Statuses, their messages, and the mapping from HTTP errors."""

import grpc
import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from wire.protocol.status import (
    decode_message,
    encode_message,
    parse_status,
    status_number,
    status_of_http,
    status_of_reset,
)


@pytest.mark.parametrize("code", list(grpc.StatusCode))
def test_each_status_is_its_number_on_the_wire(code: grpc.StatusCode) -> None:
    assert parse_status(b"%d" % status_number(code)) is code


@pytest.mark.parametrize("value", [b"", b"17", b"-1", b"OK", b"0x0", b"1 ", b"999999999999"])
def test_a_status_that_grpc_lacks_is_unknown(value: bytes) -> None:
    assert parse_status(value) is grpc.StatusCode.UNKNOWN


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", b""),
        ("all is plain ~", b"all is plain ~"),
        ("100%", b"100%25"),
        ("line\nbreak\t", b"line%0Abreak%09"),
        ("é", b"%C3%A9"),
        ("\x7f\x00", b"%7F%00"),
        (" a b  ", b"%20a b %20"),
        (" ", b"%20"),
    ],
)
def test_a_message_is_percent_encoded(text: str, value: bytes) -> None:
    assert encode_message(text) == value
    assert decode_message(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(b"%", "%"), (b"%4", "%4"), (b"%zz!", "%zz!"), (b"%ff", "\ufffd"), (b"\xc3\xa9", "é")],
)
def test_a_malformed_message_is_still_read(value: bytes, text: str) -> None:
    assert decode_message(value) == text


def test_a_lone_surrogate_does_not_stop_a_message() -> None:
    assert encode_message("a\ud800b") == b"a?b"


@seed(1)
@settings(max_examples=300, deadline=None)
@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_any_text_survives_the_wire(text: str) -> None:
    value = encode_message(text)

    assert all(0x20 <= byte <= 0x7E for byte in value)
    assert decode_message(value) == text


@pytest.mark.parametrize(
    ("http_status", "code"),
    [
        (b"400", grpc.StatusCode.INTERNAL),
        (b"401", grpc.StatusCode.UNAUTHENTICATED),
        (b"403", grpc.StatusCode.PERMISSION_DENIED),
        (b"404", grpc.StatusCode.UNIMPLEMENTED),
        (b"429", grpc.StatusCode.UNAVAILABLE),
        (b"502", grpc.StatusCode.UNAVAILABLE),
        (b"503", grpc.StatusCode.UNAVAILABLE),
        (b"504", grpc.StatusCode.UNAVAILABLE),
        (b"200", grpc.StatusCode.UNKNOWN),
        (b"418", grpc.StatusCode.UNKNOWN),
        (b"500", grpc.StatusCode.UNKNOWN),
    ],
)
def test_an_http_status_stands_for_a_grpc_status(http_status: bytes, code: grpc.StatusCode) -> None:
    assert status_of_http(http_status) is code


@pytest.mark.parametrize(
    ("error_code", "code"),
    [
        (0x0, grpc.StatusCode.INTERNAL),
        (0x1, grpc.StatusCode.INTERNAL),
        (0x2, grpc.StatusCode.INTERNAL),
        (0x7, grpc.StatusCode.UNAVAILABLE),
        (0x8, grpc.StatusCode.CANCELLED),
        (0xB, grpc.StatusCode.RESOURCE_EXHAUSTED),
        (0xC, grpc.StatusCode.PERMISSION_DENIED),
        (0xD, grpc.StatusCode.INTERNAL),
        (0xFFFFFFFF, grpc.StatusCode.INTERNAL),
    ],
)
def test_a_reset_stands_for_a_grpc_status(error_code: int, code: grpc.StatusCode) -> None:
    assert status_of_reset(error_code) is code
