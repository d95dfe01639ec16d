"""Statuses fit the next hop's limit on headers."""

from rpc.core.metadata_keys import REQUEST_ID, STATUS_DETAILS
from rpc.core.status_size import MOST_BYTES, fitting

import pytest

ID = (REQUEST_ID, "r-1")


def details(size: int) -> tuple[str, bytes]:
    return (STATUS_DETAILS, bytes(size))


def test_what_fits_stays_as_it_is() -> None:
    trailers = (ID, details(3000))
    assert fitting("m" * 2000, trailers) == ("m" * 2000, trailers)


@pytest.mark.parametrize(("text", "size"), [("no", 9000), ("m" * 6000, 3000), ("\n" * 2000, 3000)])
def test_details_are_left_out_before_the_text_is_cut(text: str, size: int) -> None:
    assert fitting(text, (ID, details(size))) == (text, (ID,))


@pytest.mark.parametrize("character", ["m", "%", "\n", "é", "語", "\U0001f600", "\ud800"])
def test_a_text_is_cut_between_characters(character: str) -> None:
    text, _ = fitting(character * 20_000, (ID,))
    assert text.rstrip(".").strip(character) == ""
    assert text.endswith("...")
    octets = text.encode("utf-8", "replace")
    escaped = sum(1 if 0x20 <= octet < 0x7F and octet != 0x25 else 3 for octet in octets)
    assert MOST_BYTES - 100 < escaped < MOST_BYTES


def test_trailers_of_a_program_stay() -> None:
    own = ("x-own", "v" * 9000)
    assert fitting("text", (ID, own, details(1))) == ("...", (ID, own))
