"""Runs a server as a process: from settings to exit."""

import asyncio
import os
import signal

from rpc.logs import configure_logs, get_logger
from rpc.ready import write_ready_file
from rpc.server import AddServicer, RunningServer, running_server
from rpc.settings import ServerSettings

import uvloop

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def run_server(service: str, add_servicer: AddServicer, settings: ServerSettings) -> None:
    """Serves until SIGTERM or SIGINT, then lets the calls in flight finish.

    A second signal ends the process at once.

    Args:
        service: full name of the service, as in `user.Orchestrator1Service`.
        add_servicer: adds its servicer.
        settings: how and where to serve.

    Raises:
        BindError, AddressError, TlsError, MetricsEndpointError, ReadyFileError,
            UnknownNameError: the server could not start; the message says why and what to do.
    """
    configure_logs(settings.name, settings.log_format)
    uvloop.run(_serve(service, add_servicer, settings))


async def _serve(service: str, add_servicer: AddServicer, settings: ServerSettings) -> None:
    stop = _stop_on_signal()
    async with running_server(service, add_servicer, settings) as server:
        _announce(server, settings)
        await stop.wait()
        get_logger().info("stopping", grace_s=settings.grace, drain_delay_s=settings.drain_delay)
    get_logger().info("stopped")


def _announce(server: RunningServer, settings: ServerSettings) -> None:
    fields = {"address": server.address}
    if server.metrics_address is not None:
        fields["metrics_address"] = server.metrics_address
    get_logger().info("serving", **fields, pid=os.getpid())
    if settings.ready_file is not None:
        write_ready_file(settings.ready_file, server.address, server.metrics_address)


def _stop_on_signal() -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def stopping() -> None:
        stop.set()
        # From here on a signal does what it does by default: it ends the process.
        for number in _SIGNALS:
            loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_DFL)

    for number in _SIGNALS:
        loop.add_signal_handler(number, stopping)
    return stop
