"""A gRPC server on asyncio."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wire.http2.limits import Limits
from wire.server.admission import Admission
from wire.server.dispatcher import Dispatcher
from wire.server.methods import Methods
from wire.server.refusal import Refusal
from wire.server.server import Server

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from concurrent.futures import Executor

    import grpc

    from wire.server.observer import CallObserver, ConnectionObserver

BACKGROUND_SERVICES = (
    "grpc.channelz.v1.Channelz",
    "grpc.health.v1.Health",
    "grpc.reflection.v1.ServerReflection",
    "grpc.reflection.v1alpha.ServerReflection",
)
"""Services with streams open for as long as a server runs."""

__all__ = ["BACKGROUND_SERVICES", "Admission", "Refusal", "Server", "server"]


def server(  # noqa: PLR0913 - all but the first by name.
    handlers: Iterable[grpc.GenericRpcHandler] | None = None,
    *,
    limits: Limits | None = None,
    interceptors: Sequence[grpc.aio.ServerInterceptor] | None = None,
    compression: grpc.Compression | None = None,
    observer: CallObserver | None = None,
    connection_observer: ConnectionObserver | None = None,
    background: Collection[str] = BACKGROUND_SERVICES,
    exempt: Collection[str] = BACKGROUND_SERVICES,
    thread_pool: Executor | None = None,
    reuse_port: bool = False,
    admission: Admission | None = None,
) -> Server:
    """Make a server, with grpc.aio.Server's methods.

    Args:
      handlers: find methods not registered by generated code.
      limits: what callers may make this process do, hold and wait for.
      interceptors: grpc.aio's server interceptors, the first one outermost.
      compression: of responses to callers that take it.
      observer: is called for each call.
      connection_observer: is called for each connection, and for refused ones.
      background: services whose open streams a stopping server does not wait for.
      exempt: services exempt from `Limits.max_call_duration` and `Limits.max_wait`.
      thread_pool: runs methods written as plain functions. By default a pool of the server's own.
      reuse_port: several servers may listen on one port.
      admission: limits the calls, and holds the status of refused ones.
    """
    limits = limits or Limits()
    methods = Methods()
    methods.add_generic(handlers or ())
    dispatcher = Dispatcher(
        methods,
        limits,
        observer=observer,
        interceptors=interceptors or (),
        compression=compression,
        thread_pool=thread_pool,
        exempt=exempt,
        admission=admission,
    )
    return Server(
        dispatcher,
        connection_observer=connection_observer,
        background=background,
        reuse_port=reuse_port,
    )
