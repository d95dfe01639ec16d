"""A listening socket whose connections begin with a TLS handshake.

asyncio's own TLS servers tell nobody of a handshake that fails. Here each handshake is a task of
its own: it counts as a connection, has its time limit, reads the certificates of the moment, and
its failure is reported with the peer's address and the reason.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from functools import partial
from typing import TYPE_CHECKING

from wire.server.connection import ServerConnection
from wire.server.identity import format_address

if TYPE_CHECKING:
    import socket

    from wire.server.connections import Connections
    from wire.server.dispatcher import Dispatcher
    from wire.tls import Credentials

# Without descriptors there is nothing to accept with; connections that end give theirs back.
_PAUSE_AFTER_ERROR = 0.5

_logger = logging.getLogger(__name__)


class SecureListener:
    """Accepts connections, takes them through the handshake, and hands them to HTTP/2."""

    def __init__(
        self,
        listening: socket.socket,
        credentials: Credentials,
        dispatcher: Dispatcher,
        connections: Connections,
    ) -> None:
        self._listening = listening
        self._credentials = credentials
        self._dispatcher = dispatcher
        self._connections = connections
        self._loop = dispatcher.loop
        self._handshakes: set[asyncio.Task[None]] = set()
        self._accepting = self._loop.create_task(self._accept())

    def close(self) -> None:
        """Accept no more; handshakes that are under way end."""
        # The loop watches the socket until the task is over.
        self._accepting.add_done_callback(lambda _: self._listening.close())
        self._accepting.cancel()
        for handshake in self._handshakes:
            handshake.cancel()

    async def _accept(self) -> None:
        while True:
            try:
                accepted, address = await self._loop.sock_accept(self._listening)
            except OSError as error:
                _logger.error("accept_failed", extra={"reason": error.strerror})  # noqa: TRY400
                await asyncio.sleep(_PAUSE_AFTER_ERROR)
                continue
            peer = format_address(*address[:2]) if isinstance(address, tuple) else "unix:"
            if not self._connections.has_room:
                accepted.close()
                self._connections.refused(peer, "too many connections")
                continue
            self._connections.handshakes += 1
            handshake = self._loop.create_task(self._shake_hands(accepted, peer))
            self._handshakes.add(handshake)
            handshake.add_done_callback(self._handshakes.discard)

    async def _shake_hands(self, accepted: socket.socket, peer: str) -> None:
        # The connection takes the place of the handshake as soon as it is made.
        made = partial(ServerConnection, self._dispatcher, self._connections, secure=True)
        try:
            await self._loop.connect_accepted_socket(
                made,
                accepted,
                ssl=self._credentials.context(),
                ssl_handshake_timeout=self._dispatcher.limits.handshake_timeout,
            )
        except (OSError, TimeoutError) as error:
            accepted.close()
            self._connections.refused(peer, f"the TLS handshake failed: {reason_of(error)}")
        finally:
            self._connections.handshakes -= 1


def reason_of(error: Exception) -> str:
    """What went wrong in a handshake, in words and without an address."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate was not accepted: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return (error.reason or str(error)).lower().replace("_", " ")
    if isinstance(error, (TimeoutError, ConnectionAbortedError)):
        return "it took too long, or the peer left"
    return error.strerror or type(error).__name__ if isinstance(error, OSError) else str(error)
