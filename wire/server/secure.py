"""The TLS handshake of a connection, ahead of HTTP/2.

asyncio's own TLS servers tell nobody of a handshake that fails. Here the handshake is a step of
its own: it counts as a connection, has its time limit, reads the certificates of the moment, and
its failure is reported with the peer's address and the reason.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING, cast

from wire.server.connection import ServerConnection
from wire.server.identity import peer_of
from wire.tls import ServerCredentials, agreed_on_http2

if TYPE_CHECKING:
    from wire.server.connections import Connections
    from wire.server.dispatcher import Dispatcher


class SecureGate(asyncio.Protocol):
    """Takes a connection through the handshake, and hands it to HTTP/2."""

    _transport: asyncio.Transport

    def __init__(
        self, credentials: ServerCredentials, dispatcher: Dispatcher, connections: Connections
    ) -> None:
        self._credentials = credentials
        self._dispatcher = dispatcher
        self._connections = connections
        self._task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin the handshake, unless there are too many connections."""
        # uvloop's transports are no subclass of asyncio's.
        self._transport = cast("asyncio.Transport", transport)
        self._transport.pause_reading()
        if not self._connections.has_room:
            self._connections.refused(peer_of(transport), "too many connections")
            self._transport.abort()
            return
        self._connections.handshakes += 1
        self._task = self._dispatcher.loop.create_task(self._shake_hands())

    async def _shake_hands(self) -> None:
        peer = peer_of(self._transport)
        waiting = _Waiting()
        try:
            secure = await self._dispatcher.loop.start_tls(
                self._transport,
                waiting,
                self._credentials.context(),
                server_side=True,
                ssl_handshake_timeout=self._dispatcher.limits.handshake_timeout,
            )
        except (OSError, TimeoutError) as error:
            self._transport.abort()
            self._connections.refused(peer, f"the TLS handshake failed: {reason_of(error)}")
            return
        finally:
            self._connections.handshakes -= 1
        if secure is None or waiting.lost:
            self._connections.refused(peer, "the TLS handshake failed: the peer left")
        elif not agreed_on_http2(secure.get_extra_info("ssl_object")):
            self._connections.refused(peer, "the peer does not offer HTTP/2 by ALPN")
            secure.abort()
        else:
            connection = ServerConnection(self._dispatcher, self._connections)
            secure.set_protocol(connection)
            connection.connection_made(secure)
            connection.data_received(b"".join(waiting.arrived))


class _Waiting(asyncio.Protocol):
    """Holds the place of HTTP/2 during the handshake, and what arrives with its last bytes."""

    def __init__(self) -> None:
        self.arrived: list[bytes] = []
        self.lost = False

    def data_received(self, data: bytes) -> None:
        """Keep what HTTP/2 is to read."""
        self.arrived.append(data)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """The peer left."""
        self.lost = True


def reason_of(error: Exception) -> str:
    """What went wrong in a handshake, in words and without an address."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate was not accepted: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return (error.reason or str(error)).lower().replace("_", " ")
    if isinstance(error, (TimeoutError, ConnectionAbortedError)):
        return "it took too long, or the peer left"
    return error.strerror or type(error).__name__ if isinstance(error, OSError) else str(error)
