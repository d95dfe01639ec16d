"""Invalid or harmful responses: by the thousand, from a seed."""

import gzip
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import cycle, islice
from random import Random

from grpc import StatusCode

from tests.wire.conformance.frames import (
    SETTINGS,
    Fields,
    block,
    continuation,
    data,
    frame,
    goaway,
    headers,
    message,
    rst_stream,
)

Octets = Callable[[int], bytes]
"""Takes the stream of a call. Returns the octets of a response."""

Make = Callable[[Random], Octets]

HEAD: Fields = [(b":status", b"200"), (b"content-type", b"application/grpc")]
OK: Fields = [(b"grpc-status", b"0")]
GOOD = message(b"\n\x07krithik\x12\x017\x18F")
"""A `user.User`."""

ADDRESS = b"192.0.2.7:9001"
"""A marker for leaked internals: no caller needs it. RFC 5737 keeps it for examples."""

_MAX_FRAME = 16_384

_STATUS_OF_HTTP = {
    400: StatusCode.INTERNAL,
    401: StatusCode.UNAUTHENTICATED,
    403: StatusCode.PERMISSION_DENIED,
    404: StatusCode.UNIMPLEMENTED,
    429: StatusCode.UNAVAILABLE,
    502: StatusCode.UNAVAILABLE,
    503: StatusCode.UNAVAILABLE,
    504: StatusCode.UNAVAILABLE,
    **dict.fromkeys((302, 405, 418, 500), StatusCode.UNKNOWN),
}
"""https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md."""

_STATUS_OF_RESET = {
    **dict.fromkeys((*range(7), 9, 10, 13, 0xDEADBEEF, 0xFFFFFFFF), StatusCode.INTERNAL),
    7: StatusCode.UNAVAILABLE,
    8: StatusCode.CANCELLED,
    11: StatusCode.RESOURCE_EXHAUSTED,
    12: StatusCode.PERMISSION_DENIED,
}
"""https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#errors."""


@dataclass(frozen=True, slots=True)
class HostileResponse:
    """One response.

    Attributes:
        kind: what is wrong with it.
        octets: makes its octets.
        statuses: the possible statuses of the call.
        closes: the server closes the connection behind it.
    """

    kind: str
    octets: Octets
    statuses: frozenset[StatusCode]
    closes: bool = False


@dataclass(frozen=True, slots=True)
class _Kind:
    """A kind, and the statuses of its calls: for `wire`, and for grpcio if they differ."""

    make: Make
    statuses: tuple[StatusCode, ...]
    on_grpcio: tuple[StatusCode, ...] = ()
    closes: bool = False


_Kinds = dict[str, _Kind]


def that_end_calls(seed: int, count: int, transport: str) -> Iterator[HostileResponse]:
    """Makes this many responses. Each ends only its own call. All kinds are about equally frequent.

    Args:
        seed: of what is random in them.
        count: how many.
        transport: of the calling side.
    """
    return _made({**_MESSAGES, **_HEADERS, **_STATUSES, **_RESETS}, seed, count, transport)


def that_end_connections(seed: int, count: int, transport: str) -> Iterator[HostileResponse]:
    """Makes responses to end the whole connection, with all its calls."""
    return _made(_CONNECTIONS, seed, count, transport)


def that_last(seed: int, count: int, transport: str) -> Iterator[HostileResponse]:
    """Makes responses without an end. Only a deadline ends their calls."""
    return _made(_SILENCE, seed, count, transport)


def _made(kinds: _Kinds, seed: int, count: int, transport: str) -> Iterator[HostileResponse]:
    random = Random(seed)  # noqa: S311  # it must be repeatable, not secret
    for name in islice(cycle(kinds), count):
        kind = kinds[name]
        statuses = (transport == "grpcio" and kind.on_grpcio) or kind.statuses
        yield HostileResponse(name, kind.make(random), frozenset(statuses), kind.closes)


def response(body: bytes = GOOD, head: Fields = HEAD, trailers: Fields = OK) -> Octets:
    """Headers, DATA with this body and trailers."""

    def octets(stream: int) -> bytes:
        pieces = [body[at : at + _MAX_FRAME] for at in range(0, len(body), _MAX_FRAME)]
        return b"".join(
            [
                _headers(stream, head),
                *(data(stream, piece, end=False) for piece in pieces),
                _headers(stream, trailers, end=True),
            ]
        )

    return octets


def _headers(stream: int, fields: Fields, *, end: bool = False) -> bytes:
    """A header block in as many frames as it takes."""
    whole = block(fields)
    first, *rest = [whole[at : at + _MAX_FRAME] for at in range(0, len(whole), _MAX_FRAME)]
    octets = [headers(stream, first, end=end, end_headers=not rest)]
    for place, piece in enumerate(rest, 1):
        octets.append(continuation(stream, piece, end_headers=place == len(rest)))
    return b"".join(octets)


def _status(number: int, text: bytes = b"", *more: tuple[bytes, bytes]) -> Octets:
    """A response of trailers only."""
    fields = [*HEAD, (b"grpc-status", b"%d" % number), (b"grpc-message", text), *more]
    return lambda stream: _headers(stream, fields, end=True)


def _details(size: int) -> tuple[bytes, bytes]:
    return b"grpc-status-details-bin", b"QUFB" * (size // 4)


def _trailers(*fields: tuple[bytes, bytes]) -> Octets:
    return response(trailers=list(fields))


def _head(*fields: tuple[bytes, bytes]) -> Octets:
    return response(head=[*HEAD, *fields])


def _http(status: int) -> Octets:
    fields = [(b":status", b"%d" % status), (b"content-type", b"text/html")]
    page = b"<html>" + ADDRESS
    return lambda stream: _headers(stream, fields) + data(stream, page)


def _compressed(body: bytes) -> bytes:
    return b"\x01" + len(body).to_bytes(4, "big") + body


def _fixed(octets: Octets) -> Make:
    return lambda _: octets


# More than the limit for a message here. The sent part fits a stream's window.
_LARGE_MESSAGE = message(bytes(70_000))[:60_000]
_GZIP: Fields = [*HEAD, (b"grpc-encoding", b"gzip")]
_BOMB = gzip.compress(bytes(8 << 20))
_HUGE = [(b"x-huge", b"v" * 16_000)] * 2
_MANY = [(b"x-%d" % number, b"") for number in range(3000)]

_INTERNAL = (StatusCode.INTERNAL,)
_UNKNOWN = (StatusCode.UNKNOWN,)
_NOT_FOUND = (StatusCode.NOT_FOUND,)
_EXHAUSTED = (StatusCode.RESOURCE_EXHAUSTED,)
_UNAVAILABLE = (StatusCode.UNAVAILABLE,)
_OK = (StatusCode.OK,)
# gRPC's core refuses headers of more than 8 KiB at random, and of more than 16 KiB always.
_PERHAPS_EXHAUSTED = (*_NOT_FOUND, *_EXHAUSTED)

_MESSAGES: _Kinds = {
    "OK without a message": _Kind(_fixed(response(b"")), _INTERNAL),
    "OK in trailers only": _Kind(_fixed(_status(0)), _INTERNAL),
    "unreadable bytes": _Kind(lambda r: response(message(b"\xff" + r.randbytes(8))), _INTERNAL),
    "a name that is not UTF-8": _Kind(_fixed(response(message(b"\n\x02\xff\xfe"))), _INTERNAL),
    "half a message": _Kind(lambda r: response(GOOD[: r.randint(1, 12)]), _INTERNAL),
    "an unknown flag": _Kind(lambda r: response(bytes((r.randint(2, 255),)) + GOOD[1:]), _INTERNAL),
    "a prefix of 4 GB": _Kind(_fixed(response(b"\x00\xff\xff\xff\xff")), _EXHAUSTED),
    "a large message": _Kind(_fixed(response(_LARGE_MESSAGE)), _EXHAUSTED),
    "a compressed bomb": _Kind(_fixed(response(_compressed(_BOMB), _GZIP)), _EXHAUSTED),
    "compressed garbage": _Kind(lambda r: response(_compressed(r.randbytes(30)), _GZIP), _INTERNAL),
    "compression unannounced": _Kind(
        lambda r: response(_compressed(b"\xff" + r.randbytes(30))), _INTERNAL
    ),
    "an unknown encoding": _Kind(_fixed(_head((b"grpc-encoding", b"snappy"))), _INTERNAL),
}

_HEADERS: _Kinds = {
    "huge trailers": _Kind(_fixed(_trailers(*OK, *_HUGE)), _INTERNAL, _EXHAUSTED),
    "huge headers": _Kind(_fixed(_head(*_HUGE)), _INTERNAL, _EXHAUSTED),
    "3000 trailers": _Kind(_fixed(_trailers(*OK, *_MANY)), _INTERNAL, _EXHAUSTED),
    "another content-type": _Kind(
        _fixed(response(head=[(b":status", b"200"), (b"content-type", b"text/html")])),
        _UNKNOWN,
        _OK,
    ),
    "no content-type": _Kind(_fixed(response(head=[(b":status", b"200")])), _UNKNOWN, _OK),
    "a name in capitals": _Kind(_fixed(_head((b"Upper", b"x"))), _INTERNAL),
    "a line break in a value": _Kind(_fixed(_head((b"x", b"a\r\nb"))), _INTERNAL, _OK),
    "metadata that is no base64": _Kind(_fixed(_head((b"x-bin", b"*"))), _INTERNAL),
    "a wrong content-length": _Kind(_fixed(_head((b"content-length", b"3"))), _INTERNAL, _OK),
    "data before headers": _Kind(_fixed(lambda stream: data(stream, GOOD)), _INTERNAL, _UNKNOWN),
    "no trailers": _Kind(
        _fixed(lambda stream: _headers(stream, HEAD) + data(stream, GOOD)), _INTERNAL, _UNKNOWN
    ),
    "headers and no more": _Kind(_fixed(lambda stream: _headers(stream, HEAD, end=True)), _UNKNOWN),
    "no status": _Kind(_fixed(_trailers((b"x", b"y"))), _UNKNOWN),
    "a status that is no number": _Kind(
        lambda r: _trailers((b"grpc-status", b"x%d" % r.randint(0, 99))), _UNKNOWN, _INTERNAL
    ),
    "a status that gRPC has not": _Kind(
        lambda r: _trailers((b"grpc-status", b"%d" % r.randint(17, 2**31 - 1))), _UNKNOWN
    ),
    "a pushback of ages": _Kind(
        _fixed(_status(14, b"later", (b"grpc-retry-pushback-ms", b"9" * 20))),
        _UNAVAILABLE,
        _INTERNAL,
    ),
}

_STATUSES: _Kinds = {
    **{
        f"status {code.name}": _Kind(
            _fixed(_status(code.value[0], b"so says the server", (b"x-request-id", b"r-1"))),
            (code,),
        )
        for code in StatusCode
        if code is not StatusCode.OK
    },
    "a text of 7 kB": _Kind(lambda r: _status(5, b"m" * r.randint(4000, 7000)), _NOT_FOUND),
    "a text of 12 kB": _Kind(
        lambda r: _status(5, b"m" * r.randint(8000, 12_000)), _NOT_FOUND, _PERHAPS_EXHAUSTED
    ),
    "a text that grows": _Kind(lambda r: _status(5, b"%01" * r.randint(1000, 2300)), _NOT_FOUND),
    "details of 7 kB": _Kind(lambda r: _status(5, b"no", _details(r.randint(5, 6800))), _NOT_FOUND),
    "details of 12 kB": _Kind(
        lambda r: _status(5, b"no", _details(r.randint(9000, 12_000))),
        _NOT_FOUND,
        _PERHAPS_EXHAUSTED,
    ),
    "text and details of 7 kB": _Kind(
        lambda r: _status(5, b"m" * 3500, _details(r.randint(3000, 3900))), _NOT_FOUND
    ),
    "details that are no base64": _Kind(
        _fixed(_status(5, b"no", (b"grpc-status-details-bin", b"***"))), _INTERNAL
    ),
    "details that are no status": _Kind(
        _fixed(_status(5, b"no", (b"grpc-status-details-bin", b"////"))), _NOT_FOUND
    ),
    "control characters": _Kind(
        lambda r: _status(5, b"%1B[2J%00%0D%0A%E2%80%AE" + b"%%%02X" % r.randrange(256)),
        _NOT_FOUND,
    ),
    "a text that is not UTF-8": _Kind(
        lambda r: _status(5, bytes((r.randint(128, 255),)) * 3), _NOT_FOUND
    ),
}


def _reset(code: int) -> Octets:
    return lambda stream: rst_stream(stream, code)


def _headers_and_reset(code: int) -> Octets:
    return lambda stream: _headers(stream, HEAD) + rst_stream(stream, code)


_RESETS: _Kinds = {
    **{
        f"HTTP {number}": _Kind(_fixed(_http(number)), (code,))
        for number, code in _STATUS_OF_HTTP.items()
    },
    **{
        f"reset {number:#x}": _Kind(_fixed(_reset(number)), (code,))
        for number, code in _STATUS_OF_RESET.items()
    },
    **{
        f"headers and reset {number:#x}": _Kind(_fixed(_headers_and_reset(number)), (code,))
        for number, code in _STATUS_OF_RESET.items()
    },
}

_CUT_OFF = _UNAVAILABLE
# gRPC's core has a status of its own for each way to break a connection.
_BROKEN = (*_UNAVAILABLE, *_INTERNAL, *_UNKNOWN)


def _breaks(octets: bytes) -> _Kind:
    return _Kind(lambda _: lambda _: octets, _CUT_OFF, _BROKEN)


def _random_bytes(random: Random) -> Octets:
    octets = b"\xff" + random.randbytes(200)
    return lambda _: octets


def _half_a_response(random: Random) -> Octets:
    size = random.randint(1, 60)
    return lambda stream: response()(stream)[:size]


_CONNECTIONS: _Kinds = {
    **{
        f"GOAWAY {code:#x}": _breaks(goaway(0, code, ADDRESS + b" \xff"))
        for code in (*range(14), 0xDEADBEEF, 0xFFFFFFFF)
    },
    "noise": _breaks(b"\xff" * 100),
    "HTTP/1": _breaks(b"HTTP/1.1 400 Bad Request\r\n\r\n" + ADDRESS),
    "headers that cannot be unpacked": _breaks(headers(1, b"\x7f\xff")),
    "a frame of 16 MB": _breaks(b"\xff\xff\xff\x00\x00\x00\x00\x00\x01"),
    "SETTINGS on a stream": _breaks(frame(SETTINGS, 0, 1)),
    "random bytes": _Kind(_random_bytes, _CUT_OFF, _BROKEN),
    "the end": _Kind(_fixed(lambda _: b""), _CUT_OFF, _BROKEN, closes=True),
    "half a response": _Kind(_half_a_response, _CUT_OFF, _BROKEN, closes=True),
    # To gRPC's core the second block ends the connection.
    "informational headers": _Kind(
        _fixed(lambda stream: _headers(stream, [(b":status", b"103")]) * 300),
        (*_INTERNAL, *_CUT_OFF),
        _BROKEN,
    ),
}

_TIME_IS_UP = (StatusCode.DEADLINE_EXCEEDED,)

_SILENCE: _Kinds = {
    "nothing": _Kind(_fixed(lambda _: b""), _TIME_IS_UP),
    "headers only": _Kind(_fixed(lambda stream: _headers(stream, HEAD)), _TIME_IS_UP),
    "half a message": _Kind(
        _fixed(lambda stream: _headers(stream, HEAD) + data(stream, GOOD[:9], end=False)),
        _TIME_IS_UP,
    ),
    "no trailers": _Kind(
        _fixed(lambda stream: _headers(stream, HEAD) + data(stream, GOOD, end=False)), _TIME_IS_UP
    ),
    # gRPC's core waits for somebody to read the second one.
    "two messages": _Kind(_fixed(response(GOOD * 2)), (StatusCode.UNIMPLEMENTED,), _TIME_IS_UP),
}
