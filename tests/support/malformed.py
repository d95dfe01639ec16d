"""Malformed requests by the thousand, from a seed: broken HTTP/2 and gRPC."""

import random
import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from hpack import Encoder
from hyperframe.frame import (
    ContinuationFrame,
    DataFrame,
    Frame,
    HeadersFrame,
    PingFrame,
    RstStreamFrame,
    SettingsFrame,
    WindowUpdateFrame,
)

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
METHOD = "/user.MockUserDataService/GetMockUserData"
REQUEST = b"\n\x07krithik"

_FRAME_BYTES = 16_000


class End(Enum):
    """The ways for a server to end a request without a status."""

    RESET = "reset"
    CLOSED = "closed"


Response = int | End
"""A gRPC status code, or another end."""

_OK, _INTERNAL, _EXHAUSTED, _DEADLINE, _UNIMPLEMENTED = 0, 13, 8, 4, 12


@dataclass(frozen=True, slots=True)
class Malformed:
    """One malformed request, on a connection of its own.

    Attributes:
        kind: what is wrong with it.
        data: everything sent by the caller.
        responses: the server's possible responses. Empty for any, as long as the server closes the
            connection once the caller has.
    """

    kind: str
    data: bytes
    responses: frozenset[Response]


def malformed_requests(seed: int, count: int) -> Iterator[Malformed]:
    """Makes this many requests, all kinds about equally often, the same ones for the same seed."""
    source = random.Random(seed)  # noqa: S311  # it must be repeatable, not secret
    makers = {**_ANSWERED, **_GARBAGE}
    kinds = list(makers)
    for number in range(count):
        kind = kinds[number % len(kinds)]
        data, responses = makers[kind](source)
        yield Malformed(kind, data, frozenset(responses))


def call_of_path(path: bytes) -> bytes:
    """A valid call except for its path. The path may be any bytes."""
    return _call(_framed(REQUEST), {":path": path})


_Made = tuple[bytes, set[Response]]


def _call(
    message: bytes | None, headers: Mapping[str, str | bytes | None] | None = None, raw: bytes = b""
) -> bytes:
    """A call on stream 1, all of it.

    Args:
        message: the stream's content, or None for nothing at all.
        headers: other values for the usual headers, and further headers. None leaves a header out.
        raw: further headers in HPACK's form.
    """
    usual: dict[str, str | bytes | None] = {
        ":method": "POST",
        ":scheme": "http",
        ":path": METHOD,
        ":authority": "127.0.0.1",
        "te": "trailers",
        "content-type": "application/grpc",
    }
    chosen = [(k, v) for k, v in {**usual, **(headers or {})}.items() if v is not None]
    frames = [SettingsFrame(0), *_header_frames(Encoder().encode(chosen) + raw)]
    data = DataFrame(1, message or b"")
    data.flags.add("END_STREAM")
    return PREFACE + b"".join(frame.serialize() for frame in [*frames, data])


def _header_frames(block: bytes) -> list[Frame]:
    pieces = [block[at : at + _FRAME_BYTES] for at in range(0, len(block), _FRAME_BYTES)]
    frames: list[Frame] = [HeadersFrame(1, pieces[0])]
    frames += [ContinuationFrame(1, piece) for piece in pieces[1:]]
    frames[-1].flags.add("END_HEADERS")
    return frames


def _framed(message: bytes, *, compressed: int = 0, length: int | None = None) -> bytes:
    """A gRPC message on a stream, possibly with a wrong length prefix."""
    return struct.pack(">BI", compressed, len(message) if length is None else length) + message


def _literal(name: bytes, value: bytes) -> bytes:
    """A header in HPACK's plain form, for any bytes."""
    return b"\x00" + _sized(name) + _sized(value)


def _sized(text: bytes) -> bytes:
    rest = len(text) - 127
    if rest < 0:
        return bytes([len(text)]) + text
    size = b"\x7f"
    while rest >= 128:
        size += bytes([rest % 128 + 128])
        rest //= 128
    return size + bytes([rest]) + text


def _not_utf8(source: random.Random) -> _Made:
    name = b"krithik" + bytes([source.randrange(0x80, 0xC0)])
    return _call(_framed(b"\n" + bytes([len(name)]) + name)), {_INTERNAL}


def _not_protobuf(source: random.Random) -> _Made:
    # Wire types 6 and 7 do not exist.
    tag = source.randrange(1, 16) << 3 | source.choice([6, 7])
    return _call(_framed(bytes([tag]) + source.randbytes(source.randrange(30)))), {_INTERNAL}


def _cut_protobuf(source: random.Random) -> _Made:
    return _call(_framed(b"\n" + bytes([source.randrange(20, 127)]) + b"short")), {_INTERNAL}


def _no_message(_: random.Random) -> _Made:
    # statuscodes.md has UNIMPLEMENTED for a wrong number of requests. gRPC's core does not say so.
    return _call(None), {_INTERNAL, _UNIMPLEMENTED}


def _cut_message(source: random.Random) -> _Made:
    length = len(REQUEST) + source.randrange(1, 1000)
    return _call(_framed(REQUEST, length=length)), {_INTERNAL}


def _vast_message(source: random.Random) -> _Made:
    length = source.randrange(5_000_000, 2**32)
    return _call(_framed(REQUEST, length=length)), {_EXHAUSTED}


def _compressed_unsaid(_: random.Random) -> _Made:
    # The specification asks for INTERNAL. gRPC's core up to 1.84 takes the message as it is.
    return _call(_framed(REQUEST, compressed=1)), {_INTERNAL, _OK}


def _not_gzip(source: random.Random) -> _Made:
    message = _framed(source.randbytes(40), compressed=1)
    return _call(message, {"grpc-encoding": "gzip"}), {_INTERNAL}


def _unknown_encoding(_: random.Random) -> _Made:
    # The specification asks for UNIMPLEMENTED. gRPC's core says INTERNAL.
    message = _framed(REQUEST, compressed=1)
    return _call(message, {"grpc-encoding": "pied-piper"}), {_INTERNAL, _UNIMPLEMENTED}


def _unknown_method(source: random.Random) -> _Made:
    path = f"/user.MockUserDataService/Get{source.randrange(10**6)}"
    return _call(_framed(REQUEST), {":path": path}), {_UNIMPLEMENTED}


def _wrong_content_type(source: random.Random) -> _Made:
    # The specification asks for HTTP status 415. gRPC's core takes any type for its own.
    kind = source.choice(["text/html", "application/json", "application/x-protobuf", None])
    return _call(_framed(REQUEST), {"content-type": kind}), {_OK, End.RESET}


def _not_post(source: random.Random) -> _Made:
    method = source.choice(["PUT", "DELETE", "PATCH"])
    return _call(_framed(REQUEST), {":method": method}), {_INTERNAL, End.RESET}


def _missing_header(source: random.Random) -> _Made:
    missing = source.choice([":path", "te", ":method"])
    return _call(_framed(REQUEST), {missing: None}), {End.RESET}


def _wrong_timeout(source: random.Random) -> _Made:
    timeout = source.choice(["banana", "-5S", "5", "S", "1.5S", ""])
    return _call(_framed(REQUEST), {"grpc-timeout": timeout}), {_INTERNAL}


def _no_time(_: random.Random) -> _Made:
    # A server may answer before its timer expires.
    return _call(_framed(REQUEST), {"grpc-timeout": "0n"}), {_DEADLINE, _OK}


def _not_base64(_: random.Random) -> _Made:
    return _call(_framed(REQUEST), {"trace-bin": "!!!"}), {_INTERNAL}


def _illegal_key(source: random.Random) -> _Made:
    key = source.choice([b"X-Upper", b"sp ace", b"nul\x00", b"new\nline"])
    return _call(_framed(REQUEST), raw=_literal(key, b"value")), {_INTERNAL, End.RESET}


def _forged_lines(source: random.Random) -> _Made:
    key = source.choice([b"x-request-id", b"traceparent", b"user-agent"])
    value = b'ok\r\n{"event": "forged"}\r\n' + source.randbytes(8)
    return _call(_framed(REQUEST), raw=_literal(key, value)), {_OK, _INTERNAL, End.RESET}


def _huge_headers(source: random.Random) -> _Made:
    size = source.choice([10_000, 70_000, 300_000])
    raw = _literal(b"x-huge", source.randbytes(size).hex().encode())
    return _call(_framed(REQUEST), raw=raw), {_OK, _EXHAUSTED, End.RESET, End.CLOSED}


def _many_headers(source: random.Random) -> _Made:
    fields = (_literal(b"x-%d" % number, b"v" * 50) for number in range(source.randrange(2000)))
    responses: set[Response] = {_OK, _EXHAUSTED, End.RESET, End.CLOSED}
    return _call(_framed(REQUEST), raw=b"".join(fields)), responses


def _random_bytes(source: random.Random) -> _Made:
    return source.randbytes(source.randrange(1, 2000)), set()


def _random_frames(source: random.Random) -> _Made:
    frames = [_random_frame(source) for _ in range(source.randrange(1, 20))]
    return PREFACE + SettingsFrame(0).serialize() + b"".join(frames), set()


def _random_frame(source: random.Random) -> bytes:
    payload = source.randbytes(source.randrange(100))
    size = source.choice([len(payload), source.randrange(2**24)])
    kind, flags = source.randrange(12), source.randrange(256)
    stream = source.choice([0, 1, 2, 3, source.randrange(2**31)])
    return struct.pack(">I", size)[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def _flipped_bits(source: random.Random) -> _Made:
    data = bytearray(_call(_framed(REQUEST)))
    for _ in range(source.randrange(1, 9)):
        data[source.randrange(len(data))] ^= 1 << source.randrange(8)
    return bytes(data), set()


def _cut_anywhere(source: random.Random) -> _Made:
    data = _call(_framed(REQUEST))
    return data[: source.randrange(1, len(data))], set()


def _other_protocol(source: random.Random) -> _Made:
    http = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
    tls = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + source.randbytes(500)
    return source.choice([http, tls, b"SSH-2.0-OpenSSH_9.2\r\n", b"\x00" * 64]), set()


def _flood(source: random.Random) -> _Made:
    window = WindowUpdateFrame(0, 2**31 - 1)
    reset = [HeadersFrame(1, b"\x82"), RstStreamFrame(1, 8)]
    floods: list[list[Frame]] = [[PingFrame(0, b"12345678")], [SettingsFrame(0)], [window], reset]
    frames = source.choice(floods) * source.randrange(1, 200)
    return PREFACE + SettingsFrame(0).serialize() + b"".join(f.serialize() for f in frames), set()


_ANSWERED: dict[str, Callable[[random.Random], _Made]] = {
    "invalid UTF-8": _not_utf8,
    "no protobuf": _not_protobuf,
    "protobuf cut short": _cut_protobuf,
    "no message": _no_message,
    "message cut short": _cut_message,
    "vast message": _vast_message,
    "compressed without saying how": _compressed_unsaid,
    "no gzip": _not_gzip,
    "unknown encoding": _unknown_encoding,
    "unknown method": _unknown_method,
    "wrong content type": _wrong_content_type,
    "not POST": _not_post,
    "missing header": _missing_header,
    "wrong timeout": _wrong_timeout,
    "no time": _no_time,
    "no base64": _not_base64,
    "illegal key": _illegal_key,
    "forged log lines": _forged_lines,
    "huge headers": _huge_headers,
    "many headers": _many_headers,
}

_GARBAGE: dict[str, Callable[[random.Random], _Made]] = {
    "random bytes": _random_bytes,
    "random frames": _random_frames,
    "flipped bits": _flipped_bits,
    "cut anywhere": _cut_anywhere,
    "another protocol": _other_protocol,
    "flood": _flood,
}
