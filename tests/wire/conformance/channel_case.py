"""A row of the table of servers' frames to a channel."""

from dataclasses import dataclass

from grpc import StatusCode

from tests.wire.conformance.frames import (
    PROTOCOL_ERROR,
    block,
    headers,
)
from tests.wire.conformance.seen import (
    NOTHING,
    Expectation,
    connection_error,
    stream_error,
)

ANSWERED = (StatusCode.OK,)
BROKEN = (StatusCode.INTERNAL, StatusCode.UNAVAILABLE)
"""The connection, and the call with it, are lost."""
UNREADABLE = (StatusCode.INTERNAL,)


@dataclass(frozen=True)
class ChannelCase:
    """A server's octets, the status of the call, and the frames expected from the channel."""

    section: str
    name: str
    steps: tuple[bytes | Expectation, ...]
    call: tuple[StatusCode, ...]
    said: Expectation = NOTHING
    greeted: bool = True

    def __str__(self) -> str:
        """The case as a test's name."""
        return f"{self.section} {self.name}"


def answered(
    section: str, name: str, *steps: bytes | Expectation, said: Expectation = NOTHING
) -> ChannelCase:
    """A valid response."""
    return ChannelCase(section, name, steps, ANSWERED, said)


def broken(section: str, name: str, *steps: bytes, code: int, greeted: bool = True) -> ChannelCase:
    """What ends the connection."""
    return ChannelCase(section, name, steps, BROKEN, connection_error(code), greeted)


def unreadable(section: str, name: str, *steps: bytes, code: int = PROTOCOL_ERROR) -> ChannelCase:
    """What ends the stream."""
    return ChannelCase(section, name, steps, UNREADABLE, stream_error(code))


def ends(name: str, *steps: bytes, call: StatusCode) -> ChannelCase:
    """What is gRPC's own business."""
    return ChannelCase("gRPC", name, steps, (call,))


def raw_head(fields: list[tuple[bytes, bytes]]) -> bytes:
    return headers(1, block(fields))
