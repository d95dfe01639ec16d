"""Both sides of gRPC made of HTTP/2 frames, beyond what a gRPC library sends.

Frames: RFC 9113 section 6. Calls in frames:
https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
"""

import asyncio
import contextlib
import struct
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import Enum

from rpc.core.address import split_host_port

from hpack import Decoder, Encoder
from hyperframe.frame import (
    DataFrame,
    Frame,
    GoAwayFrame,
    HeadersFrame,
    PingFrame,
    RstStreamFrame,
    SettingsFrame,
)

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

_WATCH = b"/grpc.health.v1.Health/Watch"
_SERVING = b"\x08\x01"  # grpc.health.v1.HealthCheckResponse


class Moment(Enum):
    """The moment of a fault in a server of frames."""

    CONNECTED = "once there is a connection"
    NO_RESPONSE = "instead of a response"
    BEFORE_RESPONSE = "before a response"


@dataclass(frozen=True, slots=True)
class Fault:
    """A GOAWAY or RST_STREAM frame.

    Attributes:
        moment: when it is sent.
        code: its error code.
        resets: True for RST_STREAM of the call's stream, False for GOAWAY.
    """

    moment: Moment
    code: int
    resets: bool = False

    def frame(self, stream: int) -> Frame:
        """The frame, for a call on this stream."""
        if self.resets:
            return RstStreamFrame(stream, error_code=self.code)
        answered = stream if self.moment is Moment.BEFORE_RESPONSE else 0
        return GoAwayFrame(last_stream_id=answered, error_code=self.code)


class FaultyServer:
    """Answers each call with the same message, except calls with a fault.

    After a fault the next call is answered, to show the caller's state after each fault.

    Attributes:
        address: where it listens.
        faults: those to come.
        calls: number of calls so far, without health checks.
    """

    def __init__(self, message: bytes, faults: Iterable[Fault]) -> None:
        """Makes a server. It does not listen yet."""
        self.address = ""
        self.faults = list(faults)
        self.calls = 0
        self._message = message
        self._spares_next = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serves one connection until the caller closes it."""
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            await reader.readexactly(len(PREFACE))
            _write(writer, SettingsFrame(0), SettingsFrame(0, flags=["ACK"]))
            refuses = self._is_due(Moment.CONNECTED)
            if refuses:
                _write(writer, self._take().frame(0))
            await self._respond_to_calls(reader, writer, refuses=refuses)
        writer.close()

    async def _respond_to_calls(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, refuses: bool
    ) -> None:
        decoder, encoder, paths = Decoder(), Encoder(), dict[int, bytes]()
        async for frame in _frames(reader, writer):
            if isinstance(frame, HeadersFrame):
                headers = dict(decoder.decode(frame.data, raw=True))
                paths[frame.stream_id] = headers[b":path"]
            ends = isinstance(frame, DataFrame | HeadersFrame) and "END_STREAM" in frame.flags
            if ends and not refuses:
                self._respond(writer, encoder, frame.stream_id, paths.pop(frame.stream_id))

    def _respond(
        self, writer: asyncio.StreamWriter, encoder: Encoder, stream: int, path: bytes
    ) -> None:
        if path == _WATCH:
            _write(writer, *_message_frames(encoder, stream, _SERVING))
            return
        self.calls += 1
        response = [
            *_message_frames(encoder, stream, self._message),
            _headers(encoder, stream, [("grpc-status", "0")], ends=True),
        ]
        if self._is_due(Moment.NO_RESPONSE):
            # An unsent block leaves no state in the encoder: its fields are never indexed.
            _write(writer, self._take().frame(stream))
        elif self._is_due(Moment.BEFORE_RESPONSE):
            _write(writer, self._take().frame(stream), *response)
        else:
            _write(writer, *response)
            self._spares_next = False
            if self._is_due(Moment.CONNECTED):
                # The caller may connect anew.
                _write(writer, GoAwayFrame(last_stream_id=stream, error_code=0))

    def _is_due(self, moment: Moment) -> bool:
        return bool(self.faults) and not self._spares_next and self.faults[0].moment is moment

    def _take(self) -> Fault:
        self._spares_next = True
        return self.faults.pop(0)


@asynccontextmanager
async def faulty_server(message: bytes, faults: Iterable[Fault]) -> AsyncIterator[FaultyServer]:
    """Runs a `FaultyServer` on a free port of loopback while the context is open."""
    faulty = FaultyServer(message, faults)
    server = await asyncio.start_server(faulty.serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    faulty.address = f"{host}:{port}"
    async with server:
        yield faulty


class FrameCaller:
    """A caller on its own connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Begins HTTP/2 on an open connection."""
        self._reader, self._writer = reader, writer
        self._encoder, self._decoder = Encoder(), Decoder()
        self._next_stream = 1
        writer.write(PREFACE)
        self.send(SettingsFrame(0))

    def call(self, path: str, message: bytes) -> int:
        """Sends a call and returns its stream id."""
        stream, self._next_stream = self._next_stream, self._next_stream + 2
        fields = [
            (":method", "POST"),
            (":scheme", "http"),
            (":path", path),
            (":authority", "127.0.0.1"),
            ("te", "trailers"),
            ("content-type", "application/grpc"),
        ]
        data = DataFrame(stream, _prefixed(message), flags=["END_STREAM"])
        self.send(_headers(self._encoder, stream, fields), data)
        return stream

    def send(self, *frames: Frame) -> None:
        """Sends frames unchanged."""
        _write(self._writer, *frames)

    async def status(self, stream: int) -> int:
        """Waits for the end of a call and returns its gRPC status code.

        Raises:
            ConnectionError: the server closed the connection, or reset the stream.
        """
        async for frame in _frames(self._reader, self._writer):
            if isinstance(frame, HeadersFrame):
                headers = dict(self._decoder.decode(frame.data, raw=True))
                if frame.stream_id == stream and "END_STREAM" in frame.flags:
                    return int(headers[b"grpc-status"])
            if isinstance(frame, RstStreamFrame) and frame.stream_id == stream:
                raise ConnectionError(f"stream {stream} was reset with {frame.error_code}")
        raise ConnectionError("the server closed the connection")


@asynccontextmanager
async def frame_caller(address: str) -> AsyncIterator[FrameCaller]:
    """Connects a `FrameCaller` to a server while the context is open."""
    reader, writer = await asyncio.open_connection(*split_host_port(address))
    try:
        yield FrameCaller(reader, writer)
    finally:
        writer.close()


async def _frames(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> AsyncIterator[Frame]:
    """A peer's frames until it closes. Answers its pings."""
    with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
        while True:
            frame, length = Frame.parse_frame_header(memoryview(await reader.readexactly(9)))
            frame.parse_body(memoryview(await reader.readexactly(length)))
            if isinstance(frame, PingFrame) and "ACK" not in frame.flags:
                _write(writer, PingFrame(0, frame.opaque_data, flags=["ACK"]))
            yield frame


def _write(writer: asyncio.StreamWriter, *frames: Frame) -> None:
    writer.write(b"".join(frame.serialize() for frame in frames))


def _prefixed(message: bytes) -> bytes:
    return struct.pack(">BI", 0, len(message)) + message


def _message_frames(encoder: Encoder, stream: int, message: bytes) -> list[Frame]:
    fields = [(":status", "200"), ("content-type", "application/grpc")]
    return [_headers(encoder, stream, fields), DataFrame(stream, _prefixed(message))]


def _headers(
    encoder: Encoder, stream: int, fields: list[tuple[str, str]], *, ends: bool = False
) -> Frame:
    # Sensitive fields are never indexed, so a dropped block leaves no gap.
    block = encoder.encode([(name, value, True) for name, value in fields])
    flags = ["END_HEADERS", "END_STREAM"] if ends else ["END_HEADERS"]
    return HeadersFrame(stream, block, flags=flags)
