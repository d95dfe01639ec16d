"""Frames: their types, flags and bytes (RFC 9113, sections 4 and 6)."""

from __future__ import annotations

from struct import Struct

DATA = 0x0
HEADERS = 0x1
PRIORITY = 0x2
RST_STREAM = 0x3
SETTINGS = 0x4
PUSH_PROMISE = 0x5
PING = 0x6
GOAWAY = 0x7
WINDOW_UPDATE = 0x8
CONTINUATION = 0x9

END_STREAM = 0x1
ACK = 0x1
END_HEADERS = 0x4
PADDED = 0x8
PRIORITY_FLAG = 0x20

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
# What every peer takes (section 4.2). This package announces no more, so a frame is never larger.
DEFAULT_MAX_FRAME = 16384
LARGEST_MAX_FRAME = (1 << 24) - 1
DEFAULT_WINDOW = 65535
LARGEST_WINDOW = (1 << 31) - 1
LARGEST_STREAM = (1 << 31) - 1
HEADER_BYTES = 9

# A frame's header: the length's high byte and low two bytes, type, flags, stream.
unpack_header = Struct(">BHBBI").unpack_from
pack_header = Struct(">BHBBI").pack
pack_u32 = Struct(">I").pack
unpack_u32 = Struct(">I").unpack_from
unpack_setting = Struct(">HI").unpack_from
_pack_setting = Struct(">HI").pack


def frame(kind: int, flags: int, stream_id: int, payload: bytes = b"") -> bytes:
    """One frame. The payload is not larger than the receiver's SETTINGS_MAX_FRAME_SIZE."""
    length = len(payload)
    return pack_header(length >> 16, length & 0xFFFF, kind, flags, stream_id) + payload


def header_frames(stream_id: int, block: bytes, flags: int, max_frame: int) -> bytes:
    """HEADERS, and CONTINUATION frames when the block needs them (section 6.10)."""
    if len(block) <= max_frame:
        return frame(HEADERS, flags | END_HEADERS, stream_id, block)
    pieces = [block[at : at + max_frame] for at in range(0, len(block), max_frame)]
    frames = [frame(HEADERS, flags, stream_id, pieces[0])]
    frames += [frame(CONTINUATION, 0, stream_id, piece) for piece in pieces[1:-1]]
    frames.append(frame(CONTINUATION, END_HEADERS, stream_id, pieces[-1]))
    return b"".join(frames)


def settings_frame(settings: dict[int, int]) -> bytes:
    """SETTINGS (section 6.5)."""
    payload = b"".join(_pack_setting(key, value) for key, value in settings.items())
    return frame(SETTINGS, 0, 0, payload)


SETTINGS_ACK = frame(SETTINGS, ACK, 0)


def window_update(stream_id: int, increment: int) -> bytes:
    """WINDOW_UPDATE (section 6.9). Stream 0 is the connection."""
    return frame(WINDOW_UPDATE, 0, stream_id, pack_u32(increment))


def rst_stream(stream_id: int, code: int) -> bytes:
    """RST_STREAM (section 6.4)."""
    return frame(RST_STREAM, 0, stream_id, pack_u32(code))


def goaway(last_stream_id: int, code: int, debug: bytes = b"") -> bytes:
    """GOAWAY (section 6.8)."""
    return frame(GOAWAY, 0, 0, pack_u32(last_stream_id) + pack_u32(code) + debug)


def ping(payload: bytes, *, acknowledge: bool = False) -> bytes:
    """PING with eight bytes (section 6.7)."""
    return frame(PING, ACK if acknowledge else 0, 0, payload)
