"""A server's life: bind, serve, drain, stop."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from rpc.core.address import AddressError, is_loopback
from rpc.core.errors import UsageError
from rpc.interceptors.interceptor import ServerInterceptor
from rpc.interceptors.interceptor_chain import InterceptorChain
from rpc.interceptors.load_shedding import LoadShedding
from rpc.interceptors.order import admin_interceptors, server_interceptors
from rpc.server.admin_services import add_admin_services
from rpc.server.application import Application
from rpc.server.health import HealthServicer
from rpc.server.methods import Methods
from rpc.server.settings import ServerSettings
from rpc.server.shutdown import shut_down
from rpc.server.upstreams import Upstreams, open_upstreams
from rpc.telemetry.access_log import AccessLog
from rpc.telemetry.loop_lag import watched_loop
from rpc.telemetry.setup import Telemetry, telemetry
from rpc.tls.expiry import CertificateExpiry
from rpc.transports.choice import transport_named
from rpc.transports.transport import ServerOptions, Transport
from rpc.upstream.name_check import require_known_name


@dataclass(frozen=True, slots=True)
class RunningServer:
    """A running server.

    Attributes:
        address: where, with the port chosen by the kernel in place of 0.
        metrics_address: where its metrics are, or None for nowhere.
        access_log: writes a line for each call.
    """

    address: str
    metrics_address: str | None
    access_log: AccessLog


@asynccontextmanager
async def running_server(
    application: Application, settings: ServerSettings, options: Mapping[str, Any] | None = None
) -> AsyncIterator[RunningServer]:
    """Serves while the context is open. Leaving it drains and stops the server.

    Args:
        application: what to serve.
        settings: how and where to serve.
        options: values of the program's own options.

    Raises:
        StartupError: the server could not start. The message says why and what to do.
        UsageError: so could it with these settings.
    """
    _require_loopback(settings)
    for name, upstream in settings.upstreams.items():
        await require_known_name(_option(name, settings), upstream.target)
    transport = application.transport or transport_named(settings.transport)
    _require_channelz(settings, transport)
    async with AsyncExitStack() as stack:
        expiry = CertificateExpiry()
        observed = stack.enter_context(
            telemetry(settings.name, settings.telemetry, settings.listening.tls, expiry)
        )
        stack.enter_context(watched_loop(observed.record_lag))
        _log_together(stack, observed, transport)
        health = HealthServicer()
        stopping = asyncio.Event()
        available = {"stopping": stopping, **(options or {})}
        to_upstreams = application.make_upstream_interceptors(available)
        upstreams = await stack.enter_async_context(
            open_upstreams(application, settings, observed, health, transport, expiry, to_upstreams)
        )
        available |= upstreams.stubs
        own = application.make_interceptors(available)
        shedding = LoadShedding(settings.limits.max_concurrent_rpcs, observed.shed_calls.report)
        observed.watch_slots(shedding)
        methods = _methods(application, settings, observed, transport, upstreams, shedding, own)
        for servicer, register in application.make_servicers(available):
            register(servicer, methods.own)
        add_admin_services(methods, health, settings.admin, stopping)
        server = transport.server(methods, _options(settings, observed, shedding, expiry))
        await server.start()
        watching = asyncio.create_task(expiry.watch())
        stack.callback(watching.cancel)
        stack.push_async_callback(shut_down, server, health, stopping, settings.shutdown)
        for service in methods.services:
            health.set_serving(service)
        yield RunningServer(server.address, observed.metrics_address, observed.access_log)


def _log_together(stack: AsyncExitStack, observed: Telemetry, transport: Transport) -> None:
    """Has the lines of a turn of the event loop written together, where the transport has turns."""
    sink = observed.access_log.sink
    post = transport.each_turn(sink.flush)
    if post is not None:
        sink.write_together(post)
        stack.callback(sink.flush)


def _methods(  # noqa: PLR0913, PLR0917  # what calls go through
    application: Application,
    settings: ServerSettings,
    observed: Telemetry,
    transport: Transport,
    upstreams: Upstreams,
    shedding: LoadShedding,
    own: list[ServerInterceptor],
) -> Methods:
    interceptors = server_interceptors(
        telemetry=observed.of_calls,
        is_local=transport.is_local,
        status_of_request=transport.status_of_request,
        upstreams=upstreams.in_words,
        allowed_callers=settings.listening.allowed_callers,
        shedding=shedding,
        own=own,
    )
    admin = admin_interceptors(
        is_local=transport.is_local, status_of_request=transport.status_of_request
    )
    chain = InterceptorChain(application.arrange(interceptors), upstreams.in_words)
    return Methods(chain, InterceptorChain(admin))


def _options(
    settings: ServerSettings, observed: Telemetry, shedding: LoadShedding, expiry: CertificateExpiry
) -> ServerOptions:
    return ServerOptions(
        listening=settings.listening,
        limits=settings.limits,
        connection_turned_away=observed.turned_away_connections.report,
        admission=shedding,
        expiry=expiry,
    )


def _option(upstream: str, settings: ServerSettings) -> str:
    if len(settings.upstreams) == 1:
        return "--upstream"
    return "--upstream-" + upstream.replace("_", "-")


def _require_channelz(settings: ServerSettings, transport: Transport) -> None:
    if settings.admin.channelz and not transport.has_channelz:
        raise UsageError(
            "--channelz shows the connections of gRPC's core, which --transport"
            f" {settings.transport} does without: leave one of the two out"
        )


def _require_loopback(settings: ServerSettings) -> None:
    listening = settings.listening
    for option, address in (
        ("--listen", listening.address),
        ("--metrics-address", settings.telemetry.metrics_address),
    ):
        if listening.tls or listening.insecure or address is None or is_loopback(address):
            continue
        raise AddressError(
            f"{option} {address} can be reached from other machines, in plaintext: set"
            " --tls-certificate and --tls-key, or --insecure to go without"
        )
