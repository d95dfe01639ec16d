"""One address of a channel: connects to it, backs off, and has a state for the picking of calls."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Protocol

from wire.channel.backoff import Backoff
from wire.channel.connection import ClientConnection
from wire.channel.connectivity import CONNECTING, IDLE, READY, SHUTDOWN, TRANSIENT_FAILURE
from wire.channel.failures import words_for
from wire.channel.health import HealthWatch
from wire.http2.error_codes import NO_ERROR
from wire.loop.flusher import flusher_of
from wire.tls import agreed_on_http2

if TYPE_CHECKING:
    import grpc

    from wire.channel.settings import Settings
    from wire.channel.target import Address


class Listener(Protocol):
    """Owns subchannels."""

    def subchannel_changed(self, subchannel: Subchannel) -> None:
        """`state` is another, or `error` is."""

    def room_made(self) -> None:
        """A stream has ended on one of the connections."""


class Subchannel:
    """Connects when asked to, and again after a growing pause.

    Attributes:
        address: where to.
        state: of connectivity. TRANSIENT_FAILURE lasts for the pause, IDLE follows it.
        error: why the last attempt or connection failed, in words.
        connection: for calls, while READY.
    """

    def __init__(self, address: Address, settings: Settings, listener: Listener) -> None:
        self.address = address
        self.state: grpc.ChannelConnectivity = IDLE
        self.error = ""
        self.connection: ClientConnection | None = None
        self._settings = settings
        self._listener = listener
        self._loop = asyncio.get_running_loop()
        options = settings.options
        self._backoff = Backoff(options.initial_backoff, options.max_backoff)
        self._next_attempt = 0.0
        self._attempt: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._health: HealthWatch | None = None

    @property
    def is_frozen(self) -> bool:
        """True if the connection is sound but for a silent server."""
        connection = self.connection
        if connection is None or connection.responsive:
            return False
        return self._health is None or self._health.serving

    def connect(self) -> None:
        """Begin an attempt where there is neither one nor a connection."""
        if self.state is not IDLE:
            return
        self._change(CONNECTING, self.error)
        pause = self._next_attempt - self._loop.time()
        if pause > 0:
            self._timer = self._loop.call_later(pause, self._begin)
        else:
            self._begin()

    def pause(self, error: str) -> None:
        """Begin as after a failed attempt."""
        self._next_attempt = self._loop.time() + self._backoff.next()
        self._failed(error)

    def drop(self) -> None:
        """Leave this address: calls on the connection end as they will, new ones do not begin."""
        connection = self.connection
        self.close()
        if connection is not None:
            connection.drain()

    def close(self) -> None:
        """Make no more attempts. The connection is left to whoever closes all of them."""
        self.state = SHUTDOWN
        if self._timer is not None:
            self._timer.cancel()
        if self._attempt is not None:
            self._attempt.cancel()
        if self._health is not None:
            self._health.stop()

    # --- attempts

    def _begin(self) -> None:
        # The pause counts from an attempt's begin, also where it succeeds for a moment only.
        self._next_attempt = self._loop.time() + self._backoff.next()
        self._attempt = self._loop.create_task(self._connect())

    async def _connect(self) -> None:
        connection: ClientConnection | None = None
        try:
            async with asyncio.timeout(self._settings.options.connect_timeout):
                connection = await self._open()
                await connection.ready
        except Exception as error:  # noqa: BLE001 - whatever credentials raise, too.
            self._failed(words_for(error))
            if connection is not None and not connection.ended:
                connection.give_up(NO_ERROR, "the server has not sent its SETTINGS in time")
            return
        except asyncio.CancelledError:
            if connection is not None:
                connection.give_up(NO_ERROR, "the channel is closed")
            raise
        finally:
            self._attempt = None
        self._connected(connection)

    async def _open(self) -> ClientConnection:
        settings = self._settings
        context = None if settings.tls is None else settings.tls()
        server_name = None if context is None else settings.server_name
        if self.address.port is None:
            transport, connection = await self._loop.create_unix_connection(
                self._make,
                sock=await self._unix_socket(self.address.host),
                ssl=context,
                server_hostname=server_name,
            )
        else:
            transport, connection = await self._loop.create_connection(
                self._make,
                self.address.host,
                self.address.port,
                ssl=context,
                server_hostname=server_name,
            )
        _require_http2(transport)
        return connection

    async def _unix_socket(self, path: str) -> socket.socket:
        # By hand, because uvloop takes no path with a NUL.
        connected = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connected.settimeout(0)
            await self._loop.sock_connect(connected, path)
        except BaseException:
            connected.close()
            raise
        return connected

    def _make(self) -> ClientConnection:
        settings = self._settings
        flusher = flusher_of(self._loop)
        return ClientConnection(flusher, settings, self, str(self.address))

    def _failed(self, error: str) -> None:
        if self.state is SHUTDOWN:
            return
        self._change(TRANSIENT_FAILURE, error)
        pause = max(0.0, self._next_attempt - self._loop.time())
        self._timer = self._loop.call_later(pause, self._may_connect_again)

    def _may_connect_again(self) -> None:
        self._change(IDLE, self.error)

    def _connected(self, connection: ClientConnection) -> None:
        if connection.ended or connection.draining:
            self._failed("the server closed the connection at once")
            return
        self._backoff.reset()
        self.connection = connection
        self._settings.connections.add(connection)
        service = self._settings.health_service
        if service is None:
            self._change(READY, self.error)
        else:
            self._health = HealthWatch(connection, service, self._health_changed)

    def _health_changed(self, *, serving: bool, error: str) -> None:
        connection = self.connection
        if connection is None or not connection.responsive:
            return
        if serving:
            self._change(READY, self.error)
        else:
            self._change(TRANSIENT_FAILURE, error)

    def _change(self, state: grpc.ChannelConnectivity, error: str) -> None:
        if self.state is SHUTDOWN or (state is self.state and error == self.error):
            return
        self.state = state
        self.error = error
        self._listener.subchannel_changed(self)

    # --- callbacks of the connection

    def connection_draining(self, connection: ClientConnection, cause: str) -> None:
        """The server wants the next calls on another connection."""
        self._lost(connection, cause)

    def connection_responsive(self, connection: ClientConnection) -> None:
        """The server has frozen, or come back."""
        if connection is not self.connection:
            return
        if not connection.responsive:
            self._change(TRANSIENT_FAILURE, "the server does not respond")
        elif self._health is None or self._health.serving:
            self._change(READY, self.error)

    def connection_closed(self, connection: ClientConnection, cause: str) -> None:
        """The connection is over."""
        self._settings.connections.discard(connection)
        self._lost(connection, cause)

    def _lost(self, connection: ClientConnection, cause: str) -> None:
        if connection is not self.connection:
            return
        self.connection = None
        if self._health is not None:
            self._health.stop()
            self._health = None
        self._change(IDLE, cause)

    def room_made(self) -> None:
        """A stream has ended."""
        self._listener.room_made()


def _require_http2(transport: asyncio.Transport) -> None:
    tls = transport.get_extra_info("ssl_object")
    if tls is not None and not agreed_on_http2(tls):
        transport.abort()
        raise ConnectionError("TLS: the server does not offer HTTP/2 (ALPN h2)")
