"""A listening socket. Its connections count from the moment they are accepted.

asyncio's own servers tell nobody of a failed TLS handshake, or of a process without descriptors
left to accept with. Here each handshake is a task of its own: it counts as a connection, has its
time limit, reads the certificates of the moment, and its failure is reported with the peer's
address and the reason.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from wire.server.connection import ServerConnection
from wire.server.identity import format_address
from wire.server.observer import ConnectionRefusal

if TYPE_CHECKING:
    from wire.server.connections import Connections
    from wire.server.dispatcher import Dispatcher
    from wire.tls import Credentials

# Without descriptors there is nothing to accept with. Connections that end give theirs back.
_PAUSE_AFTER_ERROR = 0.5
_UNIX_PEER = "unix:"
_MOST_A_TURN = 64


class Acceptor:
    """Accepts connections, takes them through TLS where it is wanted, and hands them to HTTP/2."""

    def __init__(
        self,
        listening: socket.socket,
        credentials: Credentials | None,
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
        """Accept no more. Unfinished handshakes end."""
        # The loop watches the socket until the task is over.
        self._accepting.add_done_callback(self._close)
        self._accepting.cancel()
        for handshake in self._handshakes:
            handshake.cancel()

    def _close(self, _: object) -> None:
        # A forked process may have the socket, too. Closed here alone, it would still take callers.
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    async def _accept(self) -> None:
        while True:
            try:
                accepted, address = await self._loop.sock_accept(self._listening)
            except OSError as error:
                reason = error.strerror or type(error).__name__
                self._connections.refused("unknown", ConnectionRefusal.NOT_ACCEPTED, reason)
                await asyncio.sleep(_PAUSE_AFTER_ERROR)
                continue
            self._take(accepted, address)
            self._take_waiting()

    def _take_waiting(self) -> None:
        # The event loop gives one at a time, and each turn of a busy server is long.
        for _ in range(_MOST_A_TURN):
            try:
                accepted, address = self._listening.accept()
            except OSError:
                # None is there; or the next wait tells what is wrong.
                return
            accepted.settimeout(0)
            self._take(accepted, address)

    def _take(self, accepted: socket.socket, address: object) -> None:
        peer = format_address(*address[:2]) if isinstance(address, tuple) else _UNIX_PEER
        if not self._connections.has_room:
            accepted.close()
            self._connections.refused(peer, ConnectionRefusal.TOO_MANY, "too many connections")
            return
        if accepted.family != socket.AF_UNIX:
            # The peer may be gone by now. Nothing that one of them does may end the accepting.
            with suppress(OSError):
                accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._connections.handshakes += 1
        handshake = self._loop.create_task(self._shake_hands(accepted, peer))
        self._handshakes.add(handshake)
        handshake.add_done_callback(self._handshakes.discard)

    async def _shake_hands(self, accepted: socket.socket, peer: str) -> None:
        try:
            await self._connect(accepted)
        except Exception as error:  # noqa: BLE001 - whatever credentials raise, too.
            accepted.close()
            reason = f"the TLS handshake failed: {reason_of(error)}"
            self._connections.refused(peer, ConnectionRefusal.HANDSHAKE, reason)
        finally:
            self._connections.handshakes -= 1

    async def _connect(self, accepted: socket.socket) -> None:
        credentials = self._credentials
        secure = credentials is not None
        # The connection takes the place of the handshake as soon as it is made.
        made = partial(ServerConnection, self._dispatcher, self._connections, secure=secure)
        if credentials is None:
            await self._loop.connect_accepted_socket(made, accepted)
            return
        await self._loop.connect_accepted_socket(
            made,
            accepted,
            ssl=credentials.context(),
            ssl_handshake_timeout=self._dispatcher.limits.handshake_timeout,
        )


def reason_of(error: Exception) -> str:
    """What went wrong in a handshake, in words and without an address."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate was not accepted: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return (error.reason or str(error)).lower().replace("_", " ")
    if isinstance(error, (TimeoutError, ConnectionAbortedError)):
        return "it took too long, or the peer left"
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
