"""A gRPC server: grpc.aio.Server's methods, on HTTP/2 connections of our own."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import grpc

from wire.server.acceptor import Acceptor
from wire.server.connections import Connections
from wire.server.listener import SocketFile, bind, file_of, port_of
from wire.server.shutdown import hasten, shut_down

if TYPE_CHECKING:
    import socket
    from collections.abc import Collection, Iterable, Mapping

    from wire.server.dispatcher import Dispatcher
    from wire.server.observer import ConnectionObserver
    from wire.tls import Credentials

    Handler = grpc.RpcMethodHandler[Any, Any]


class Server(grpc.aio.Server):
    """Listens, serves and stops. `wire.server` makes one."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        *,
        connection_observer: ConnectionObserver | None = None,
        background: Collection[str] = (),
        reuse_port: bool = False,
    ) -> None:
        self._dispatcher = dispatcher
        self._connection_observer = connection_observer
        self._background = background
        self._reuse_port = reuse_port
        self._bound: list[tuple[socket.socket, Credentials | None]] = []
        self._files: list[SocketFile] = []
        self._acceptors: list[Acceptor] = []
        self._connections: Connections | None = None
        self._stopping: asyncio.Task[None] | None = None
        self._stopped: asyncio.Event | None = None

    # --- methods

    def add_generic_rpc_handlers(
        self, generic_rpc_handlers: Iterable[grpc.GenericRpcHandler]
    ) -> None:
        """Add handlers to find a method by its path."""
        self._dispatcher.methods.add_generic(generic_rpc_handlers)

    def add_registered_method_handlers(
        self, service_name: str, method_handlers: Mapping[str, Handler]
    ) -> None:
        """Add the methods of a service."""
        self._dispatcher.methods.add_registered(service_name, method_handlers)

    # --- ports

    def add_insecure_port(self, address: str) -> int:
        """Bind an address without TLS.

        Returns:
          The port, chosen by the kernel in place of 0.

        Raises:
          OSError: the address cannot be bound. `errno` says why.
        """
        return self._bind(address, None)

    def add_secure_port(  # type: ignore[override]  # they are not those of gRPC's core
        self, address: str, server_credentials: Credentials
    ) -> int:
        """Bind an address with TLS.

        Returns:
          The port, chosen by the kernel in place of 0.

        Raises:
          OSError: the address cannot be bound, or the credentials cannot be used.
        """
        server_credentials.context()
        return self._bind(address, server_credentials)

    def _bind(self, address: str, credentials: Credentials | None) -> int:
        if self._connections is not None:
            raise RuntimeError("ports are added before the server starts")
        sockets = bind(address, reuse_port=self._reuse_port)
        self._bound += [(bound, credentials) for bound in sockets]
        self._files += [file for bound in sockets if (file := file_of(bound)) is not None]
        return port_of(sockets[0])

    # --- life

    async def start(self) -> None:
        """Serve on the bound addresses."""
        if self._connections is not None:
            raise RuntimeError("the server has been started")
        if self._stopping is not None:
            raise RuntimeError("the server has been stopped")
        loop = asyncio.get_running_loop()
        dispatcher = self._dispatcher
        dispatcher.use(loop)
        self._stopped = asyncio.Event()
        connections = Connections(loop, dispatcher.limits, self._connection_observer)
        self._connections = connections
        dispatcher.make_room = connections.make_room
        for bound, credentials in self._bound:
            self._acceptors.append(Acceptor(bound, credentials, dispatcher, connections))
        self._bound = []

    async def stop(self, grace: float | None) -> None:
        """Stop: no further calls, and those in flight have so many seconds.

        Callers get a GOAWAY. Calls on their way are still handled. Calls left after the
        grace end with UNAVAILABLE. Methods still at work behind their calls' end, as in `finally`
        blocks, have the rest of the grace, and a second. A further stop may shorten the grace, and
        never prolongs it.
        """
        if self._stopping is None:
            self._stopping = asyncio.get_running_loop().create_task(self._stop(grace or 0.0))
        elif self._connections is not None:
            hasten(self._connections, grace or 0.0)
        await asyncio.shield(self._stopping)

    async def _stop(self, grace: float) -> None:
        for acceptor in self._acceptors:
            acceptor.close()
        for bound, _ in self._bound:
            bound.close()
        for file in self._files:
            file.remove()
        if self._connections is not None:
            await shut_down(self._connections, grace, self._background)
            self._connections.stop_sweeping()
        self._dispatcher.close()
        if self._stopped is not None:
            self._stopped.set()

    async def wait_for_termination(self, timeout: float | None = None) -> bool:  # noqa: ASYNC109
        """Wait for the end of `stop`.

        Returns:
          Whether the time was over first.
        """
        if self._stopped is None:
            raise RuntimeError("the server has not been started")
        try:
            await asyncio.wait_for(self._stopped.wait(), timeout)
        except TimeoutError:
            return True
        return False
