"""The requests of one call, and the tasks of its servicer that wait for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import grpc

from wire.loop.waiters import Waiters
from wire.protocol.unread_messages import UnreadMessages
from wire.server.held import MESSAGE_BYTES

if TYPE_CHECKING:
    from wire.server.incoming import Incoming


class Requests:
    """Messages in their order, counted in what the server holds until they are read."""

    __slots__ = ("_readers", "_unread", "count")

    def __init__(self, encoding: bytes, limit: int) -> None:
        self._unread = UnreadMessages(limit, encoding)
        self._readers = Waiters()
        """Tasks of the servicer that wait to read."""
        self.count = 0
        """Messages received so far."""

    # Their call has them, and is given each time: a cycle would be work for the garbage collector.

    def feed(self, call: Incoming, data: bytes) -> None:
        """Take bytes of the peer.

        Raises:
          MessageError: they are not messages, or one is too large.
        """
        before = len(self._unread)
        taken = self._unread.feed(data)
        arrived = len(self._unread) - before
        if arrived:
            self.count += arrived
            self.wake()
        self._account(call, taken)

    def _account(self, call: Incoming, taken: int) -> None:
        if taken:
            call.acknowledge(taken)
        call.hold_requests(self._unread.size + MESSAGE_BYTES * len(self._unread))

    @property
    def is_cut(self) -> bool:
        """Whether a message has begun and is not whole."""
        return not self._unread.is_whole

    def wake(self) -> None:
        """Let a reader look again: there is a message, or the end."""
        self._readers.wake()

    async def read(self, call: Incoming) -> Any:
        """The next message, decompressed, or grpc.aio.EOF behind the last.

        Raises:
          MessageError: it cannot be decompressed.
          grpc.aio.UsageError: the call has ended, so there will be none.
        """
        while not self._unread:
            if call.requests_ended:
                return grpc.aio.EOF
            if call.ended:
                raise grpc.aio.UsageError("the call has ended")
            await self._readers.wait()
        return self.take(call)

    def take(self, call: Incoming) -> bytes:
        """The next message. It has arrived already."""
        message, taken = self._unread.read()
        self._account(call, taken)
        return self._unread.unpack(message)

    def drop(self) -> None:
        """Forget what nobody will read."""
        self._unread.clear()
        self.wake()
