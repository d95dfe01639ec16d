"""Runs a server as a process: from settings to exit."""

import asyncio
import gc
import os
import signal
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from rpc.server.application import Application
from rpc.server.ready_file import ReadyFileError, remove_ready_file, write_ready_file
from rpc.server.reload import Reload
from rpc.server.running_server import RunningServer, running_server
from rpc.server.settings import ServerSettings
from rpc.server.signals import log_harmless_signals, spare_forked_children, stop_on_signal
from rpc.telemetry.log_setup import configure_logs, get_logger
from rpc.telemetry.stray_errors import log_stray_errors

import uvloop

# What a thread gets to finish once the grace is over and its call has ended.
_THREADS_SECONDS = 0.5


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
    spare_forked_children()
    stop = stop_on_signal()
    log_harmless_signals()
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
