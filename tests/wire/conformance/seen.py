"""Received frames of a connection, and the expectations of a case."""

import struct
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import hpack

from tests.wire.conformance import frames


class GoAway(NamedTuple):
    last: int
    code: int
    debug: bytes


@dataclass
class Seen:
    """Everything sent by the other side."""

    settings: dict[int, int] = field(default_factory=dict)
    settings_frames: int = 0
    settings_acks: int = 0
    first_kind: int | None = None
    pongs: list[bytes] = field(default_factory=list)
    pings: list[bytes] = field(default_factory=list)
    goaways: list[GoAway] = field(default_factory=list)
    resets: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    headers: dict[int, list[frames.Fields]] = field(default_factory=lambda: defaultdict(list))
    data: dict[int, bytearray] = field(default_factory=lambda: defaultdict(bytearray))
    data_lengths: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    window_updates: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    ended: set[int] = field(default_factory=set)
    closed: bool = False

    _rest: bytes = b""
    _block: bytes = b""
    _decoder: hpack.Decoder = field(default_factory=lambda: hpack.Decoder(1 << 20))

    def feed(self, octets: bytes) -> None:
        """Takes received octets, split anywhere."""
        buffer = self._rest + octets
        position = 0
        while len(buffer) - position >= 9:
            length = int.from_bytes(buffer[position : position + 3], "big")
            end = position + 9 + length
            if end > len(buffer):
                break
            kind, flags, stream = struct.unpack_from(">BBI", buffer, position + 3)
            self._take(kind, flags, stream, buffer[position + 9 : end])
            position = end
        self._rest = buffer[position:]

    def _take(self, kind: int, flags: int, stream: int, payload: bytes) -> None:  # noqa: C901
        if self.first_kind is None:
            self.first_kind = kind
        match kind:
            case frames.DATA:
                self.data[stream] += payload
                self.data_lengths[stream].append(len(payload))
            case frames.HEADERS | frames.CONTINUATION:
                self._block += payload
                if flags & frames.END_HEADERS:
                    decoded = self._decoder.decode(self._block, raw=True)
                    self.headers[stream].append([(bytes(k), bytes(v)) for k, v in decoded])
                    self._block = b""
            case frames.RST_STREAM:
                self.resets[stream].append(int.from_bytes(payload, "big"))
            case frames.SETTINGS if flags & frames.ACK:
                self.settings_acks += 1
            case frames.SETTINGS:
                self.settings_frames += 1
                for at in range(0, len(payload), 6):
                    key, value = struct.unpack_from(">HI", payload, at)
                    self.settings[key] = value
            case frames.PING:
                (self.pongs if flags & frames.ACK else self.pings).append(payload)
            case frames.GOAWAY:
                last, code = struct.unpack_from(">II", payload)
                self.goaways.append(GoAway(last, code, payload[8:]))
            case frames.WINDOW_UPDATE:
                self.window_updates[stream] += int.from_bytes(payload, "big")
        if kind in (frames.DATA, frames.HEADERS) and flags & frames.END_STREAM:
            self.ended.add(stream)

    def forget(self, stream: int) -> None:
        """Drops further data of a stream."""
        for kept in (self.headers, self.data, self.data_lengths):
            kept.pop(stream, None)
        self.ended.discard(stream)

    def field(self, stream: int, name: bytes) -> bytes | None:
        """The last value of a field in the headers and trailers of a stream."""
        found = None
        for fields in self.headers[stream]:
            found = dict(fields).get(name, found)
        return found

    def __str__(self) -> str:
        """The received frames, for the message of a failure."""
        shown = {
            "goaways": self.goaways,
            "resets": dict(self.resets),
            "headers": dict(self.headers),
            "data": {stream: len(octets) for stream, octets in self.data.items()},
            "ended": self.ended,
            "pongs": self.pongs,
            "settings_acks": self.settings_acks,
            "closed": self.closed,
        }
        return ", ".join(f"{name}: {value}" for name, value in shown.items() if value)


class Expectation(NamedTuple):
    """An expectation of a case.

    Attributes:
        text: describes it.
        met: returns True once it is met.
        ends_connection: nothing follows it.
    """

    text: str
    met: Callable[[Seen], bool]
    ends_connection: bool = False


def connection_error(*codes: int) -> Expectation:
    """GOAWAY with one of the codes, then the end of the connection (RFC 9113, 5.4.1)."""
    return Expectation(
        f"GOAWAY {codes} and the connection's end",
        lambda seen: seen.closed and any(goaway.code in codes for goaway in seen.goaways),
        ends_connection=True,
    )


def connection_end() -> Expectation:
    """The connection's end, with or without GOAWAY."""
    return Expectation("the connection's end", lambda seen: seen.closed, ends_connection=True)


def stream_error(*codes: int, stream: int = 1) -> Expectation:
    """RST_STREAM with one of the codes (RFC 9113, 5.4.2)."""
    return Expectation(
        f"RST_STREAM {codes} on stream {stream}",
        lambda seen: any(code in codes for code in seen.resets[stream]),
    )


def response(stream: int = 1, body: bytes | None = frames.HELLO) -> Expectation:
    """A whole response with status OK."""
    return Expectation(
        f"a response on stream {stream}",
        lambda seen: (
            stream in seen.ended
            and seen.field(stream, b":status") == b"200"
            and seen.field(stream, b"grpc-status") == b"0"
            and body in (None, seen.data[stream])
        ),
    )


def grpc_status(*codes: int, stream: int = 1) -> Expectation:
    """A response with one of the status codes."""
    wanted = {b"%d" % code for code in codes}
    return Expectation(
        f"grpc-status {codes} on stream {stream}",
        lambda seen: stream in seen.ended and seen.field(stream, b"grpc-status") in wanted,
    )


def http_status(*codes: int, stream: int = 1) -> Expectation:
    """A response with one of the HTTP statuses."""
    wanted = {b"%d" % code for code in codes}
    return Expectation(
        f":status {codes} on stream {stream}",
        lambda seen: stream in seen.ended and seen.field(stream, b":status") in wanted,
    )


def pong(payload: bytes = b"12345678") -> Expectation:
    """PING with ACK."""
    return Expectation(f"PING {payload!r} with ACK", lambda seen: payload in seen.pongs)


def settings_ack(number: int = 2) -> Expectation:
    """SETTINGS with ACK. The first one belongs to the greeting."""
    return Expectation(f"SETTINGS ACK {number}", lambda seen: seen.settings_acks >= number)


def data_of(stream: int, *lengths: int) -> Expectation:
    """Exactly so many DATA frames of these lengths so far."""
    return Expectation(
        f"DATA of {lengths} on stream {stream}",
        lambda seen: seen.data_lengths[stream] == list(lengths),
    )


NOTHING = Expectation("nothing", lambda _: True)
"""Nothing in particular: the connection goes on."""
