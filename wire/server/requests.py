"""The requests of one call: the bytes of a peer become messages, held until they are read."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

import grpc

from wire.loop.waiters import Waiters
from wire.protocol.messages import PREFIX_BYTES, MessageParser, plain_message
from wire.server.held import MESSAGE_BYTES

if TYPE_CHECKING:
    from wire.server.incoming import Incoming


class Requests:
    """Messages in their order. What nobody reads is not acknowledged, so the peer stalls."""

    __slots__ = (
        "_encoding",
        "_limit",
        "_parser",
        "_queue",
        "_readers",
        "_unread",
        "_waiting",
        "count",
    )

    def __init__(self, encoding: bytes, limit: int) -> None:
        self._limit = limit
        self._parser = MessageParser(limit)
        self._queue: deque[tuple[bool, bytes]] = deque()
        self._readers = Waiters()
        """Tasks of the servicer that wait to read."""
        self._encoding = encoding
        self._unread = 0
        """Bytes received and not yet acknowledged."""
        self._waiting = 0
        """Bytes of messages in the queue."""
        self.count = 0
        """Messages received so far."""

    # Their call has them, and is given each time: a cycle would be work for the garbage collector.

    def feed(self, call: Incoming, data: bytes) -> None:
        """Take bytes of the peer.

        Raises:
          MessageError: they are not messages, or one is too large.
        """
        messages = self._parser.feed(data)
        self._unread += len(data)
        if messages:
            self.count += len(messages)
            self._queue.extend(messages)
            self._waiting += sum([len(message) + PREFIX_BYTES for _, message in messages])
            self.wake()
        self._acknowledge(call)

    def _acknowledge(self, call: Incoming) -> None:
        # An unfinished message must be able to become whole, unless another one waits before it.
        kept = self._waiting + self._parser.held if self._queue else 0
        taken = self._unread - kept
        if taken > 0:
            self._unread = kept
            call.acknowledge(taken)
        messages = MESSAGE_BYTES * len(self._queue)
        call.hold_requests(self._waiting + self._parser.held + messages)

    @property
    def is_cut(self) -> bool:
        """Whether a message has begun and is not whole."""
        return self._parser.held > 0

    def wake(self) -> None:
        """Let a reader look again: there is a message, or the end."""
        self._readers.wake()

    async def read(self, call: Incoming) -> Any:
        """The next message, decompressed, or grpc.aio.EOF behind the last.

        Raises:
          MessageError: it cannot be decompressed.
          grpc.aio.UsageError: the call has ended, so there will be none.
        """
        while not self._queue:
            if call.requests_ended:
                return grpc.aio.EOF
            if call.ended:
                raise grpc.aio.UsageError("the call has ended")
            await self._readers.wait()
        return self.take(call)

    def take(self, call: Incoming) -> bytes:
        """The next message. It has arrived already."""
        message = self._queue.popleft()
        self._waiting -= len(message[1]) + PREFIX_BYTES
        self._acknowledge(call)
        return plain_message(message, self._encoding, self._limit)

    def drop(self) -> None:
        """Forget what nobody will read."""
        self._queue.clear()
        self._waiting = 0
        self._parser = MessageParser(self._limit)
        self.wake()
