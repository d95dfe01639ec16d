"""The `grpc-timeout` header: an integer of at most eight digits and a unit."""

# PROTOCOL-HTTP2.md, "Requests": TimeoutValue and TimeoutUnit.
_MAX_DIGITS = 8
_MAX_VALUE = 10**_MAX_DIGITS - 1
_LONGEST = b"%dH" % _MAX_VALUE
_SECONDS = {b"H": 3600.0, b"M": 60.0, b"S": 1.0, b"m": 1e-3, b"u": 1e-6, b"n": 1e-9}


def parse_timeout(value: bytes) -> float:
    """The seconds of a header value.

    Raises:
        ValueError: it is not one to eight digits and a unit of `HMSmun`.
    """
    digits = value[:-1]
    unit = _SECONDS.get(value[-1:])
    if unit is None or not digits.isdigit() or len(digits) > _MAX_DIGITS:
        raise ValueError(f"{value!r} is no grpc-timeout")
    return int(digits) * unit


def format_timeout(seconds: float) -> bytes:
    """The header value for a time, in the finest sufficient unit from microseconds up.

    A time beyond 10^8 hours becomes the format's longest.

    Raises:
        TimeoutError: less than a microsecond is left.
    """
    try:
        microseconds = int(seconds * 1e6)
    except OverflowError:
        return _LONGEST
    if 0 < microseconds <= _MAX_VALUE:
        return b"%du" % microseconds
    if microseconds <= 0:
        raise TimeoutError
    for unit, length in ((b"m", 1_000), (b"S", 1_000_000), (b"M", 60_000_000)):
        if microseconds // length <= _MAX_VALUE:
            return b"%d%b" % (microseconds // length, unit)
    hours = microseconds // 3_600_000_000
    return b"%dH" % hours if hours <= _MAX_VALUE else _LONGEST
