"""The grpc-timeout header."""

import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from wire.protocol.timeout import format_timeout, parse_timeout


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (b"1H", 3600.0),
        (b"2M", 120.0),
        (b"3S", 3.0),
        (b"250m", 0.25),
        (b"99999999u", 99.999999),
        (b"1000n", 1e-6),
        (b"0S", 0.0),
        (b"00000001S", 1.0),
    ],
)
def test_each_unit_is_read(value: bytes, seconds: float) -> None:
    assert parse_timeout(value) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "value",
    [b"", b"S", b"1", b"1s", b"-1S", b"+1S", b"1.5S", b" 1S", b"1S ", b"123456789S", b"1_0S"],
)
def test_what_is_no_timeout_is_refused(value: bytes) -> None:
    with pytest.raises(ValueError, match="no grpc-timeout"):
        parse_timeout(value)


@pytest.mark.parametrize(
    ("seconds", "value"),
    [
        (5.0, b"5000000u"),
        (100.0, b"100000m"),
        (99.999999, b"99999999u"),
        (1e6, b"1000000S"),
        (1e9, b"16666666M"),
        (1e30, b"99999999H"),
        (1e300, b"99999999H"),
        (float("inf"), b"99999999H"),
        (1e-6, b"1u"),
    ],
)
def test_a_time_takes_the_finest_unit_that_holds_it(seconds: float, value: bytes) -> None:
    assert format_timeout(seconds) == value


@pytest.mark.parametrize("seconds", [0.0, -3.0, 1e-9])
def test_no_time_cannot_be_written(seconds: float) -> None:
    with pytest.raises(TimeoutError):
        format_timeout(seconds)


@seed(1)
@settings(max_examples=300, deadline=None)
@given(st.floats(min_value=1e-6, max_value=3e11))
def test_a_written_time_is_never_longer_than_the_given(seconds: float) -> None:
    value = format_timeout(seconds)

    assert len(value) <= 9
    assert seconds * 0.98 - 1e-6 <= parse_timeout(value) <= seconds * (1 + 1e-12)
