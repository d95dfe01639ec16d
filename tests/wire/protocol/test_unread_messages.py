"""Messages not yet read, and the window they hold."""

from hypothesis import given, seed, settings
from hypothesis import strategies as st

from wire.protocol.messages import frame_message
from wire.protocol.unread_messages import UnreadMessages


@seed(1)
@settings(max_examples=200, deadline=None)
@given(st.lists(st.binary(max_size=50), max_size=20), st.data())
def test_all_bytes_are_acknowledged_once(messages: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(map(frame_message, messages))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=10)))
    reads = iter(data.draw(st.lists(st.booleans(), min_size=60, max_size=60)))
    unread = UnreadMessages(1000)
    acknowledged = fed = 0
    read = []

    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        acknowledged += unread.feed(stream[start:end])
        fed = end
        while unread and next(reads, True):
            message, taken = unread.read()
            acknowledged += taken
            read.append(unread.unpack(message))
        assert acknowledged <= fed

    while unread:
        message, taken = unread.read()
        acknowledged += taken
        read.append(unread.unpack(message))
    assert read == messages
    assert acknowledged == len(stream)
    assert unread.is_whole


def test_an_unread_message_keeps_its_window() -> None:
    unread = UnreadMessages(1000)

    assert unread.feed(frame_message(bytes(100))) == 0
    assert unread.read()[1] == 105


def test_an_unfinished_message_keeps_none() -> None:
    unread = UnreadMessages(1000)

    assert unread.feed(frame_message(bytes(100))[:50]) == 50
    assert not unread
    assert unread.feed(frame_message(bytes(100))[50:]) == 0
    assert unread.read()[1] == 55


def test_what_waits_unread_keeps_its_window() -> None:
    message = frame_message(bytes(65536))
    frames = [message[start : start + 16384] for start in range(0, len(message), 16384)]
    unread = UnreadMessages(1 << 20)
    # The first message has to become whole. From then on the window stays closed.
    assert sum(unread.feed(frame) for _ in range(100) for frame in frames) < len(message)
    granted = sum(unread.read()[1] for _ in range(100))
    assert granted <= 100 * len(message)
