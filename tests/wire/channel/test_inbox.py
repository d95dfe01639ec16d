"""Responses not yet read, and the window they hold."""

from hypothesis import given, seed, settings
from hypothesis import strategies as st

from tests.wire.channel.scripted_server import framed
from wire.channel.inbox import Inbox


@seed(1)
@settings(max_examples=200, deadline=None)
@given(st.lists(st.binary(max_size=50), max_size=20), st.data())
def test_all_bytes_are_acknowledged_once(messages: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(map(framed, messages))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=10)))
    reads = iter(data.draw(st.lists(st.booleans(), min_size=60, max_size=60)))
    inbox = Inbox(1000)
    acknowledged = fed = 0
    read = []

    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        acknowledged += inbox.feed(stream[start:end])
        fed = end
        while inbox and next(reads, True):
            message, taken = inbox.read()
            acknowledged += taken
            read.append(inbox.unpack(message))
        assert acknowledged <= fed

    while inbox:
        message, taken = inbox.read()
        acknowledged += taken
        read.append(inbox.unpack(message))
    assert read == messages
    assert acknowledged == len(stream)
    assert inbox.is_whole


def test_an_unread_response_keeps_its_window() -> None:
    inbox = Inbox(1000)

    assert inbox.feed(framed(bytes(100))) == 0
    assert inbox.read()[1] == 105


def test_an_unfinished_response_keeps_none() -> None:
    inbox = Inbox(1000)

    assert inbox.feed(framed(bytes(100))[:50]) == 50
    assert not inbox
    assert inbox.feed(framed(bytes(100))[50:]) == 0
    assert inbox.read()[1] == 55


def test_what_waits_unread_keeps_its_window() -> None:
    message = framed(bytes(65536))
    frames = [message[start : start + 16384] for start in range(0, len(message), 16384)]
    inbox = Inbox(1 << 20)
    # The first response has to become whole. From then on the window stays closed.
    assert sum(inbox.feed(frame) for _ in range(100) for frame in frames) < len(message)
    granted = sum(inbox.read()[1] for _ in range(100))
    assert granted <= 100 * len(message)
