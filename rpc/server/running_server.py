"""A server's life: bind, serve, drain, stop."""

import math
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import cast

from rpc.core.address import AddressError, is_loopback
from rpc.interceptors.pipeline import Pipeline
from rpc.server.admin_services import add_diagnostics
from rpc.server.drain import drain
from rpc.server.health import HealthServicer
from rpc.server.methods import Methods
from rpc.server.settings import ServerSettings
from rpc.telemetry.observers import Observers, observing
from rpc.tls.credentials import server_credentials
from rpc.transports.grpcio.binding import bind
from rpc.transports.grpcio.listener import BoundServer, Listener
from rpc.transports.grpcio.renewed_channel import RenewedChannel
from rpc.upstream.channel import ChannelSettings, open_channel
from rpc.upstream.name_check import require_known_name
from rpc.upstream.propagation import UpstreamChannel

import grpc
from grpc_health.v1 import health_pb2_grpc

Connect = Callable[[str], grpc.aio.Channel]
"""Opens a channel to the upstream, given the full name of the service to call there."""

AddServicer = Callable[[grpc.aio.Server, Connect], None]
"""Adds a servicer to a server by the generated `add_…Servicer_to_server`."""

# A ping every 10 s at most, with or without calls: enough for a caller that wants to know soon
# whether the server is there, and no more than a server can do on the side.
_SERVER_OPTIONS = [
    ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
    # Of calls that wait to be taken up gRPC cancels some, past 1000 of them and at random, health
    # checks among them and unseen by the log. `rpc.interceptors.load_shedding` says which calls are
    # too many; this bounds the memory, with 18 kB a call.
    ("grpc.server.max_pending_requests", 5_000),
    ("grpc.server.max_pending_requests_hard_limit", 5_000),
]


@dataclass(frozen=True, slots=True)
class RunningServer:
    """A server that serves.

    Attributes:
        address: where, with the port that the kernel chose in place of 0.
        metrics_address: where its metrics are; None for nowhere.
    """

    address: str
    metrics_address: str | None


@asynccontextmanager
async def running_server(
    service: str, add_servicer: AddServicer, settings: ServerSettings
) -> AsyncIterator[RunningServer]:
    """Serves while the context is open; leaving it drains and stops the server.

    Args:
        service: full name of the service, as in `user.Orchestrator1Service`.
        add_servicer: adds its servicer.
        settings: how and where to serve.

    Raises:
        BindError: the address is taken or not this machine's.
        AddressError: plaintext would be reachable from other machines without `insecure`.
        TlsError: a certificate or key cannot be used.
        MetricsEndpointError: the metrics' address is taken or not this machine's.
        TracingError: OpenTelemetry's environment variables cannot be used.
        UnknownNameError: the upstream's name does not exist.
    """
    _require_loopback(settings)
    if settings.upstream is not None:
        await require_known_name("--upstream", settings.upstream.target)
    credentials = None if settings.tls is None else server_credentials(settings.tls)
    async with AsyncExitStack() as stack:
        observers = stack.enter_context(observing(settings))
        pipeline = Pipeline(service, settings.max_concurrent_rpcs, observers.of_calls)
        methods = Methods(pipeline.wrap, pipeline.refuse)
        # Of a server, what adds a servicer asks for nothing else than to take its methods.
        server = cast("grpc.aio.Server", methods)
        health = HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(health, server)
        add_diagnostics(server, settings, service)
        add_servicer(server, _connector(stack, settings, observers))
        listener = Listener(_binder(methods, settings, credentials), settings.grace)
        await listener.start(settings.listen)
        stack.push_async_callback(drain, listener, health, pipeline, settings)
        await health.serve(service)
        yield RunningServer(listener.address, observers.metrics_address)


def _binder(
    methods: Methods, settings: ServerSettings, credentials: grpc.ServerCredentials | None
) -> Callable[[str], BoundServer]:
    options = _options(settings)

    def make_and_bind(address: str) -> BoundServer:
        server = grpc.aio.server(handlers=[methods], options=options)
        return server, bind(server, address, credentials, reuse_port=settings.reuse_port)

    return make_and_bind


def _options(settings: ServerSettings) -> list[tuple[str, int]]:
    # On by default in gRPC, and then two servers share a port without a word.
    options = [*_SERVER_OPTIONS, ("grpc.so_reuseport", int(settings.reuse_port))]
    if settings.max_connection_age is not None:
        # The calls on an old connection are answered on it, however long they take.
        milliseconds = math.ceil(settings.max_connection_age * 1000)
        options.append(("grpc.max_connection_age_ms", milliseconds))
    return options


def _connector(stack: AsyncExitStack, settings: ServerSettings, observers: Observers) -> Connect:
    def connect(upstream_service: str) -> grpc.aio.Channel:
        if settings.upstream is None:
            raise AddressError(f"{settings.name} calls {upstream_service}; give it --upstream")
        channel = _open_channel(settings.upstream, upstream_service)
        upstream = UpstreamChannel(channel, settings.default_timeout, observers.of_upstream_calls)
        stack.push_async_callback(upstream.close)
        # Of a channel, a stub asks for its methods and for nothing else.
        return cast("grpc.aio.Channel", upstream)

    return connect


def _open_channel(
    settings: ChannelSettings, upstream_service: str
) -> grpc.aio.Channel | RenewedChannel:
    if settings.tls is None:
        return open_channel(settings, upstream_service)
    return RenewedChannel(partial(open_channel, settings, upstream_service), settings.tls)


def _require_loopback(settings: ServerSettings) -> None:
    for option, address in (
        ("--listen", settings.listen),
        ("--metrics-address", settings.metrics_address),
    ):
        if settings.tls or settings.insecure or address is None or is_loopback(address):
            continue
        raise AddressError(
            f"{option} {address} can be reached from other machines, in plaintext; give"
            " --tls-certificate and --tls-key, or say --insecure to go without"
        )
