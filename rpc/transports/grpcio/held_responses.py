"""Responses, kept back for a moment by a server about to stop."""

import asyncio


class HeldResponses:
    """Whether responses are sent.

    When gRPC's server stops, it cancels calls not taken up yet. No caller tries these again. Only
    then does it send callers elsewhere. A caller waiting for a response begins no further
    call. So responses are held until all arrived calls are taken up and callers are informed.
    """

    def __init__(self) -> None:
        self._sent = asyncio.Event()
        self._sent.set()
        self._last_sent = asyncio.Event()
        self._peers: set[str] = set()

    def hold(self) -> None:
        """From now on keeps responses back."""
        self._sent.clear()

    def release(self, last_after: float) -> None:
        """Sends them, and `last_after` seconds later the last one on each connection.

        With the last one gRPC closes the connection, and the kernel drops unsent bytes: it may
        still wait for the caller's to acknowledge earlier ones.
        """
        self._sent.set()
        asyncio.get_running_loop().call_later(last_after, self._last_sent.set)

    async def wait_to_send(self, peer: str) -> None:
        """Waits until a response is to be sent to a caller."""
        if self._sent.is_set():
            return
        is_last = peer not in self._peers
        self._peers.add(peer)
        await (self._last_sent if is_last else self._sent).wait()
