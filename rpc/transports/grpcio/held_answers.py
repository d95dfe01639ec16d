"""Answers, which a server that is about to stop keeps back for a moment."""

import asyncio


class HeldAnswers:
    """Whether answers are sent.

    When gRPC's server stops, it cancels the calls that it has not taken up yet, which no caller
    tries again, and no sooner than then does it tell callers to go elsewhere. Who waits for an
    answer begins no further call: so answers are held until the calls that have arrived are taken
    up and callers are told.
    """

    def __init__(self) -> None:
        self._sent = asyncio.Event()
        self._sent.set()
        self._last_sent = asyncio.Event()
        self._peers: set[str] = set()

    def hold(self) -> None:
        """From now on keeps answers back."""
        self._sent.clear()

    def release(self, last_after: float) -> None:
        """Sends them, and `last_after` seconds later the last one on each connection.

        With that one gRPC closes the connection, and the kernel drops what it has not sent yet: it
        may still wait for the caller's to acknowledge what went before.
        """
        self._sent.set()
        asyncio.get_running_loop().call_later(last_after, self._last_sent.set)

    async def pass_on(self, peer: str) -> None:
        """Waits until an answer is to be sent to a caller."""
        if self._sent.is_set():
            return
        is_last = peer not in self._peers
        self._peers.add(peer)
        await (self._last_sent if is_last else self._sent).wait()
