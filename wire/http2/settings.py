"""SETTINGS: their keys, and the checks of their values (RFC 9113, section 6.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wire.http2 import frames
from wire.http2.error_codes import FLOW_CONTROL_ERROR, PROTOCOL_ERROR, ConnectionFault

if TYPE_CHECKING:
    from collections.abc import Iterator

HEADER_TABLE_SIZE = 0x1
ENABLE_PUSH = 0x2
MAX_CONCURRENT_STREAMS = 0x3
INITIAL_WINDOW_SIZE = 0x4
MAX_FRAME_SIZE = 0x5
MAX_HEADER_LIST_SIZE = 0x6

UNLIMITED = (1 << 32) - 1


def read(payload: bytes, *, from_server: bool) -> Iterator[tuple[int, int]]:
    """The settings in a frame's payload, each checked. Unknown keys come along.

    Raises:
      ConnectionFault: a value is outside its range (section 6.5.2).
    """
    for at in range(0, len(payload), 6):
        key, value = frames.unpack_setting(payload, at)
        _check(key, value, from_server=from_server)
        yield key, value


def _check(key: int, value: int, *, from_server: bool) -> None:
    if key == ENABLE_PUSH and value > (0 if from_server else 1):
        raise ConnectionFault(PROTOCOL_ERROR, f"SETTINGS_ENABLE_PUSH is {value}")
    if key == INITIAL_WINDOW_SIZE and value > frames.LARGEST_WINDOW:
        raise ConnectionFault(FLOW_CONTROL_ERROR, f"SETTINGS_INITIAL_WINDOW_SIZE is {value}")
    if key == MAX_FRAME_SIZE and not (
        frames.DEFAULT_MAX_FRAME <= value <= frames.LARGEST_MAX_FRAME
    ):
        raise ConnectionFault(PROTOCOL_ERROR, f"SETTINGS_MAX_FRAME_SIZE is {value}")
