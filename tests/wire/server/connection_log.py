"""What a server tells of its connections."""

import asyncio

from wire.http2.connection import ConnectionEnd
from wire.server.observer import ConnectionRefusal


class ConnectionLog:
    """Records how connections end, and which callers are refused.

    Attributes:
        ended: reasons of ended connections, in order.
        refused: peer, kind of refusal and reason of each refused caller, in order.
    """

    def __init__(self) -> None:
        self.ended: asyncio.Queue[ConnectionEnd] = asyncio.Queue()
        self.refused: asyncio.Queue[tuple[str, ConnectionRefusal, str]] = asyncio.Queue()

    def connection_opened(self, peer: str) -> None:
        """Records nothing."""

    def connection_ended(self, peer: str, reason: ConnectionEnd) -> None:
        """Records the reason."""
        self.ended.put_nowait(reason)

    def connection_refused(self, peer: str, refusal: ConnectionRefusal, reason: str) -> None:
        """Records the caller."""
        self.refused.put_nowait((peer, refusal, reason))
