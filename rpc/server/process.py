"""Runs a server as a process: from settings to exit."""

import asyncio
import gc
import os
import signal
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from typing import Any

from rpc.server.application import Application
from rpc.server.ready_file import ReadyFileError, remove_ready_file, write_ready_file
from rpc.server.reload import Reload
from rpc.server.running_server import RunningServer, running_server
from rpc.server.settings import ServerSettings
from rpc.telemetry.log_setup import configure_logs, get_logger
from rpc.telemetry.stray_errors import log_stray_errors

import uvloop

_STOPPING = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)

# What a thread gets to finish once the grace is over and its call has ended.
_THREADS_SECONDS = 0.5

# Left to themselves these end a process, with the calls that it serves.
_HARMLESS = {
    signal.SIGUSR1: "it means nothing here",
    signal.SIGUSR2: "it means nothing here",
}


def run_server(
    application: Application, settings: ServerSettings, options: Mapping[str, Any]
) -> None:
    """Serves until SIGTERM, SIGINT or SIGQUIT, then lets the calls in flight finish.

    A second one of these ends the process at once. `Reload` handles SIGHUP. SIGUSR1 and
    SIGUSR2 only leave a line in the log.

    Args:
        application: what to serve.
        settings: how and where to serve.
        options: values of the program's own options.

    Raises:
        StartupError: the server could not start. The message says why and what to do.
        UsageError: so could it with these settings.
    """
    telemetry = settings.telemetry
    configure_logs(settings.name, telemetry.log_format, telemetry.read_log_level())
    log_stray_errors()
    uvloop.run(_serve(application, settings, options))


def _spare_garbage_collector(transport: str) -> None:
    # What is there by now stays: the collector need not visit it again and again. Collecting it
    # first would take 9 ms of the start, for a hundred objects.
    gc.freeze()
    if transport == "wire":
        # Its calls leave no cycles. With the default of 700 each wave of calls would start a
        # collection, which finds them all in use. Measured: 5 % of a call's time. Those of grpcio
        # leave cycles, and memory would grow by tens of MB.
        gc.set_threshold(10_000, 20, 50)


async def _serve(
    application: Application, settings: ServerSettings, options: Mapping[str, Any]
) -> None:
    stop = _stop_on_signal()
    _log_harmless_signals()
    reload = Reload(settings.telemetry)
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, reload.run)
    _retract(settings)
    async with running_server(application, settings, options) as server:
        _spare_garbage_collector(settings.transport)
        reload.access_log = server.access_log
        if not stop.is_set():
            _announce(server, settings)
        await stop.wait()
        with suppress(ReadyFileError):
            _retract(settings)
        shutdown = settings.shutdown
        get_logger().info("stopping", grace_s=shutdown.grace, drain_delay_s=shutdown.drain_delay)
    tasks_ended = await _tasks_have_ended(shutdown.grace)
    idle = await _threads_are_idle()
    get_logger().info("stopped")
    if not (tasks_ended and idle):
        # Nothing can end them, and the interpreter would wait for them, however long it takes.
        os._exit(0)


async def _tasks_have_ended(seconds: float) -> bool:
    """Whether a service's own tasks are over. They are cancelled while threads still work."""
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    if tasks:
        _, tasks = await asyncio.wait(tasks, timeout=seconds)
    if tasks:
        get_logger().warning("a task is left behind, which its cancellation does not end")
    return not tasks


async def _threads_are_idle() -> bool:
    """Whether no thread of `asyncio.to_thread` is busy any more, after a last moment."""
    ending = asyncio.ensure_future(asyncio.get_running_loop().shutdown_default_executor())
    await asyncio.wait({ending}, timeout=_THREADS_SECONDS)
    if not ending.done():
        get_logger().warning("a blocking method is left behind, which still runs on its thread")
    return ending.done()


def _announce(server: RunningServer, settings: ServerSettings) -> None:
    fields = {"address": server.address, "transport": settings.transport}
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
        for number in _STOPPING:
            _let_end(number, loop)

    for number in _STOPPING:
        loop.add_signal_handler(number, stopping)
    return stop


def _log_harmless_signals() -> None:
    loop = asyncio.get_running_loop()
    for number, why in _HARMLESS.items():
        line = partial(get_logger().info, "signal ignored", signal=number.name, why=why)
        loop.add_signal_handler(number, line)


def _let_end(number: signal.Signals, loop: asyncio.AbstractEventLoop) -> None:
    """Makes a further signal end the process at once."""
    loop.remove_signal_handler(number)
    if os.getpid() == 1:
        # In a container the kernel keeps what has no handler from it.
        loop.add_signal_handler(number, os._exit, 128 + number)
    else:
        signal.signal(number, signal.SIG_DFL)
