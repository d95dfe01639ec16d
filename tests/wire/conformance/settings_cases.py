"""SETTINGS (RFC 9113, 6.5)."""

from tests.wire.conformance.case import case
from tests.wire.conformance.frames import (
    ENABLE_PUSH,
    ENHANCE_YOUR_CALM,
    FLOW_CONTROL_ERROR,
    FRAME_SIZE_ERROR,
    HEADER_TABLE_SIZE,
    INITIAL_WINDOW_SIZE,
    LARGEST_WINDOW,
    MAX_CONCURRENT_STREAMS,
    MAX_FRAME_SIZE,
    MAX_HEADER_LIST_SIZE,
    PROTOCOL_ERROR,
    SETTINGS,
    SETTINGS_ACK,
    block,
    call,
    frame,
    headers,
    request,
    settings,
    window_update,
)
from tests.wire.conformance.seen import (
    NOTHING,
    connection_error,
    data_of,
    response,
    settings_ack,
)

REQUEST = request()
CALL_HEADERS = headers(1, REQUEST)
MORE = block([(b"x-more", b"1")])
PIECES = [REQUEST[:5], REQUEST[5:10], REQUEST[10:]]

# Some frames belong on stream 0 only, others never on it.
PROTOCOL = connection_error(PROTOCOL_ERROR)
FRAME_SIZE = connection_error(FRAME_SIZE_ERROR)
FLOW_CONTROL = connection_error(FLOW_CONTROL_ERROR)


def setting(key: int, value: int) -> bytes:
    return settings({key: value})


CASES = [
    case(
        "6.5",
        "all settings",
        settings(
            {
                HEADER_TABLE_SIZE: 4096,
                ENABLE_PUSH: 1,
                MAX_CONCURRENT_STREAMS: 100,
                INITIAL_WINDOW_SIZE: 65535,
                MAX_FRAME_SIZE: 16384,
                MAX_HEADER_LIST_SIZE: 100,
            }
        ),
        expected=settings_ack(),
    ),
    case("6.5", "no settings", settings(), expected=settings_ack()),
    case(
        "6.5",
        "the same setting twice",
        settings([(INITIAL_WINDOW_SIZE, 1), (INITIAL_WINDOW_SIZE, 65535)]) + call(),
        settings_ack(),
        expected=response(),
    ),
    case(
        "10.5",
        "as many settings as fit into a frame",
        settings([(INITIAL_WINDOW_SIZE, number) for number in range(2730)]),
        expected=connection_error(ENHANCE_YOUR_CALM),
    ),
    case(
        "10.5",
        "32 settings",
        settings([(key, 0) for key in range(0xF000, 0xF020)]),
        expected=settings_ack(),
    ),
    case("6.5", "ACK with a payload", frame(SETTINGS, 1, 0, b"\0"), expected=FRAME_SIZE),
    case("6.5", "ACK with a whole setting", frame(SETTINGS, 1, 0, bytes(6)), expected=FRAME_SIZE),
    case("6.5", "a stream", frame(SETTINGS, 0, 1, b"\0\x03\0\0\0\x64"), expected=PROTOCOL),
    case("6.5", "ACK on a stream", frame(SETTINGS, 1, 1), expected=PROTOCOL),
    case("6.5", "a length of 3", frame(SETTINGS, 0, 0, b"\0\x03\0"), expected=FRAME_SIZE),
    case("6.5", "a length of 7", frame(SETTINGS, 0, 0, bytes(7)), expected=FRAME_SIZE),
    case("6.5", "ACK that was not asked for", SETTINGS_ACK, expected=NOTHING),
    case("6.5.2", "ENABLE_PUSH of 2", setting(ENABLE_PUSH, 2), expected=PROTOCOL),
    case("6.5.2", "ENABLE_PUSH of 1", setting(ENABLE_PUSH, 1), expected=settings_ack()),
    case(
        "6.5.2",
        "INITIAL_WINDOW_SIZE of 2^31",
        setting(INITIAL_WINDOW_SIZE, 1 << 31),
        expected=FLOW_CONTROL,
    ),
    case(
        "6.5.2",
        "INITIAL_WINDOW_SIZE of 2^31-1",
        setting(INITIAL_WINDOW_SIZE, LARGEST_WINDOW),
        expected=settings_ack(),
    ),
    case("6.5.2", "MAX_FRAME_SIZE of 16383", setting(MAX_FRAME_SIZE, 16383), expected=PROTOCOL),
    case("6.5.2", "MAX_FRAME_SIZE of 2^24", setting(MAX_FRAME_SIZE, 1 << 24), expected=PROTOCOL),
    case(
        "6.5.2",
        "MAX_FRAME_SIZE of 2^24-1",
        setting(MAX_FRAME_SIZE, (1 << 24) - 1),
        expected=settings_ack(),
    ),
    case(
        "6.5.2",
        "MAX_CONCURRENT_STREAMS of 0",
        setting(MAX_CONCURRENT_STREAMS, 0) + call(),
        settings_ack(),
        expected=response(),
    ),
    case(
        "6.5.2",
        "HEADER_TABLE_SIZE of 0",
        setting(HEADER_TABLE_SIZE, 0) + call(1),
        settings_ack(),
        response(1),
        call(3),
        expected=response(3),
    ),
    case(
        "6.5.2",
        "HEADER_TABLE_SIZE of 2^32-1",
        setting(HEADER_TABLE_SIZE, (1 << 32) - 1) + call(),
        settings_ack(),
        expected=response(),
    ),
    case(
        "6.5.2",
        "HEADER_TABLE_SIZE lowered between calls",
        call(1),
        response(1),
        setting(HEADER_TABLE_SIZE, 64) + call(3),
        response(3),
        setting(HEADER_TABLE_SIZE, 0) + setting(HEADER_TABLE_SIZE, 4096) + call(5),
        response(5),
        call(7),
        expected=response(7),
    ),
    case(
        "6.5.3",
        "the last value of a frame holds",
        settings([(INITIAL_WINDOW_SIZE, 100), (INITIAL_WINDOW_SIZE, 1)]),
        settings_ack(),
        call(),
        data_of(1, 1),
        window_update(1, 100),
        expected=response(),
    ),
    case(
        "6.5.3",
        "each frame is acknowledged",
        settings() + settings({0xFFFF: 1}) + settings(),
        expected=settings_ack(4),
    ),
]
