"""Runs a server as a process: from settings to exit."""

import asyncio
import os
import signal
from contextlib import suppress

from rpc.server.ready_file import ReadyFileError, remove_ready_file, write_ready_file
from rpc.server.running_server import AddServicer, RunningServer, running_server
from rpc.server.settings import ServerSettings
from rpc.telemetry.logs import configure_logs, get_logger

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
        BindError, AddressError, TlsError, MetricsEndpointError, TracingError, ReadyFileError,
            UnknownNameError: the server could not start; the message says why and what to do.
    """
    configure_logs(settings.name, settings.log_format)
    uvloop.run(_serve(service, add_servicer, settings))


async def _serve(service: str, add_servicer: AddServicer, settings: ServerSettings) -> None:
    stop = _stop_on_signal()
    _retract(settings)
    async with running_server(service, add_servicer, settings) as server:
        if not stop.is_set():
            _announce(server, settings)
        await stop.wait()
        with suppress(ReadyFileError):
            _retract(settings)
        get_logger().info("stopping", grace_s=settings.grace, drain_delay_s=settings.drain_delay)
    get_logger().info("stopped")


def _announce(server: RunningServer, settings: ServerSettings) -> None:
    fields = {"address": server.address}
    if server.metrics_address is not None:
        fields["metrics_address"] = server.metrics_address
    get_logger().info("serving", **fields, pid=os.getpid())
    if settings.ready_file is not None:
        write_ready_file(settings.ready_file, server.address, server.metrics_address)


def _retract(settings: ServerSettings) -> None:
    if settings.ready_file is not None:
        remove_ready_file(settings.ready_file)


def _stop_on_signal() -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def stopping() -> None:
        stop.set()
        for number in _SIGNALS:
            _let_end(number, loop)

    for number in _SIGNALS:
        loop.add_signal_handler(number, stopping)
    return stop


def _let_end(number: signal.Signals, loop: asyncio.AbstractEventLoop) -> None:
    """Makes a further signal end the process at once."""
    loop.remove_signal_handler(number)
    if os.getpid() == 1:
        # In a container the kernel keeps what has no handler from it.
        loop.add_signal_handler(number, os._exit, 128 + number)
    else:
        signal.signal(number, signal.SIG_DFL)
