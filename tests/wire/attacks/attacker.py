"""Callers: an attacker, and an honest one beside it."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from itertools import islice

from tests.wire.conformance.frames import (
    LARGEST_WINDOW,
    PREFACE,
    SETTINGS_ACK,
    call,
    message,
    settings,
    window_update,
)
from tests.wire.conformance.peer import Peer, connected
from tests.wire.conformance.seen import response, settings_ack

_FRAMES_AT_ONCE = 200


async def greet(peer: Peer, *own: tuple[int, int]) -> None:
    """Exchanges the prefaces."""
    await peer.send(PREFACE + settings(own) + SETTINGS_ACK)
    await peer.wait_for([settings_ack(1)])


async def flood(peer: Peer, frames: Iterable[bytes]) -> None:
    """Sends frames as fast as the other side reads them, until the connection closes."""
    iterator = iter(frames)
    while not peer.seen.closed:
        some = list(islice(iterator, _FRAMES_AT_ONCE))
        if not some:
            break
        await peer.send_all(b"".join(some))
        # Yields, as a separate program would: the other callers have their turns.
        await asyncio.sleep(0)


class Honest:
    """Makes calls one after the other.

    Attributes:
        answered: number of calls answered.
        longest: seconds of the slowest call.
    """

    def __init__(self, peer: Peer) -> None:
        self.answered = 0
        self.longest = 0.0
        self._peer = peer
        self._stream = 1
        self._news = asyncio.Event()

    async def several(self, calls: int) -> None:
        """Waits for this many more responses."""
        last = self.answered + calls
        while self.answered < last:
            self._news.clear()
            await self._news.wait()

    async def call(self, body: bytes = b"hello") -> None:
        stream = self._stream
        self._stream += 2
        started = asyncio.get_running_loop().time()
        await self._peer.send(call(stream, message(body)))
        await self._peer.wait_for([response(stream, message(body))])
        self.longest = max(self.longest, asyncio.get_running_loop().time() - started)
        self.answered += 1
        self._peer.forget(stream)
        self._news.set()

    async def call_until_told(self, over: asyncio.Event) -> None:
        """Makes calls until told to stop, then one more."""
        while not over.is_set():
            await self.call()
        await self.call()


@asynccontextmanager
async def honest_caller(port: int) -> AsyncIterator[Honest]:
    """Calls for as long as the block runs.

    Raises:
        AssertionError: at the end, if a call was not answered.
    """
    async with connected(port) as peer:
        await greet(peer)
        await peer.send(window_update(0, LARGEST_WINDOW - 65_535))
        honest = Honest(peer)
        await honest.call()
        over = asyncio.Event()
        task = asyncio.create_task(honest.call_until_told(over))
        yield honest
        over.set()
        await task
