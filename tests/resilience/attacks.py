"""Attacks on a server by bytes of little cost to their sender, on plain sockets."""

import gzip
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass

from tests.wire.conformance.frames import (
    INITIAL_WINDOW_SIZE,
    PREFACE,
    SETTINGS_ACK,
    call,
    data,
    frame,
    headers,
    message,
    ping,
    request,
    rst_stream,
    settings,
)

METHOD = b"/user.MockUserDataService/GetMockUserData"
WATCH = b"/grpc.health.v1.Health/Watch"
REFLECTION = b"/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"

_GREETING = PREFACE + settings() + SETTINGS_ACK
_NO_WINDOW = PREFACE + settings({INITIAL_WINDOW_SIZE: 0}) + SETTINGS_ACK
_GZIP = (b"grpc-encoding", b"gzip")
_FRAME = 16_384
_PATIENCE_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Attack:
    """An attack on a server.

    Attributes:
        pieces: makes the bytes of one connection.
        connections: number of senders.
        is_abuse: True if a server recognises such a peer and closes its connection.
    """

    pieces: Callable[[], Iterator[bytes]]
    connections: int = 1
    is_abuse: bool = False


@contextmanager
def attacking(address: str, attack: Attack) -> Iterator[None]:
    """Attacks while the context is open. The connections stay open for as long."""
    host, _, port = address.rpartition(":")
    with ExitStack() as stack:
        sockets = []
        for _ in range(attack.connections):
            peer = stack.enter_context(socket.create_connection((host, int(port))))
            peer.settimeout(_PATIENCE_SECONDS)
            sockets.append(peer)
        thread = threading.Thread(target=_send, args=(sockets, attack))
        thread.start()
        try:
            yield
        finally:
            for peer in sockets:
                with suppress(OSError):
                    peer.shutdown(socket.SHUT_RDWR)
            thread.join()


def _send(sockets: list[socket.socket], attack: Attack) -> None:
    for peer in sockets:
        # The server may have closed it, or let it wait.
        with suppress(OSError):
            for piece in attack.pieces():
                peer.sendall(piece)


def streams(count: int) -> range:
    """The first streams of a client."""
    return range(1, 2 * count, 2)


def _name(length: int) -> bytes:
    """A `UserName` of this many bytes."""
    size, rest = b"", length
    while rest > 0x7F:  # a varint, low bits first
        size, rest = size + bytes((rest & 0x7F | 0x80,)), rest >> 7
    return b"\x0a" + size + bytes((rest,)) + b"x" * length


def _large_call(stream: int, body: bytes, *more: tuple[bytes, bytes]) -> bytes:
    parts = [body[at : at + _FRAME] for at in range(0, len(body), _FRAME)]
    frames = [headers(stream, request(*more, path=METHOD))]
    frames += [data(stream, part, end=part is parts[-1]) for part in parts]
    return b"".join(frames)


def _unread_bombs() -> Iterator[bytes]:
    """Sends 30 calls of 3 KiB each, unpacking to names of 3 MiB, then many of a permitted size."""
    packed = gzip.compress(_name(3 << 20), mtime=0)
    bomb = b"\x01" + message(packed)[1:]
    yield _NO_WINDOW + b"".join(_large_call(stream, bomb, _GZIP) for stream in streams(30))
    packed = gzip.compress(_name(60_000), mtime=0)
    small = b"\x01" + message(packed)[1:]
    for stream in streams(430)[30:]:
        yield call(stream, small, _GZIP, path=METHOD)


def _hpack_bombs() -> Iterator[bytes]:
    entry = b"\x40\x01a\x7f\xa1\x1e" + b"v" * 4000
    yield _GREETING + headers(1, request(path=METHOD) + entry) + data(1)
    for stream in streams(400)[1:]:
        yield headers(stream, b"\xbe" * 15_000, end=True)


def _rapid_resets() -> Iterator[bytes]:
    yield _GREETING
    for stream in streams(24_000):
        yield headers(stream, request(path=METHOD)) + rst_stream(stream)


def _pings() -> Iterator[bytes]:
    yield _GREETING + ping() * 200_000


def _nothing() -> Iterator[bytes]:
    yield _GREETING


def _watches() -> Iterator[bytes]:
    yield _GREETING + b"".join(call(s, message(b""), path=WATCH) for s in streams(1000))


def _silent_calls() -> Iterator[bytes]:
    yield _GREETING + b"".join(headers(s, request(path=METHOD)) for s in streams(1000))


def _silent_streams() -> Iterator[bytes]:
    yield _GREETING + b"".join(headers(s, request(path=REFLECTION)) for s in streams(1000))


def _unknown_frames() -> Iterator[bytes]:
    yield _GREETING + frame(0xFE, 0, 0) * 200_000


def _open_until_the_end() -> Iterator[bytes]:
    """Each kind of endless call, and no word when the server goes."""
    yield _GREETING
    yield headers(1, request(path=METHOD))
    yield headers(3, request(path=REFLECTION))
    # Lists the services, and leaves the stream open.
    yield headers(5, request(path=REFLECTION)) + data(5, message(b"\x3a\x00"), end=False)
    yield call(7, message(b""), path=WATCH)


def _unread_response() -> Iterator[bytes]:
    yield _NO_WINDOW + call(1, message(_name(1000)), path=METHOD)


RESPONSES_UNREAD = Attack(_unread_bombs)
HPACK = Attack(_hpack_bombs)
RAPID_RESET = Attack(_rapid_resets, is_abuse=True)
PINGS = Attack(_pings, is_abuse=True)
UNKNOWN_FRAMES = Attack(_unknown_frames, is_abuse=True)
IDLE = Attack(_nothing, connections=1500)
WATCHES = Attack(_watches, connections=5)
SILENT_CALLS = Attack(_silent_calls, connections=5)
SILENT_STREAMS = Attack(_silent_streams, connections=5)
OPEN_AT_THE_END = Attack(_open_until_the_end)
UNREAD_AT_THE_END = Attack(_unread_response)
