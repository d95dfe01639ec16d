"""A server's signals: those that stop it, and those that must not end it."""

import asyncio
import functools
import os
import signal

from rpc.telemetry.log_setup import get_logger

_STOPPING = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)

# Left to themselves these end a process, with the calls that it serves.
_HARMLESS = (signal.SIGUSR1, signal.SIGUSR2)
_HANDLED = (*_STOPPING, *_HARMLESS, signal.SIGHUP)


def stop_on_signal() -> asyncio.Event:
    """An event that SIGTERM, SIGINT and SIGQUIT set. A second one of these ends the process."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def stopping() -> None:
        stop.set()
        for number in _STOPPING:
            _let_end(number, loop)

    for number in _STOPPING:
        loop.add_signal_handler(number, stopping)
    return stop


def log_harmless_signals() -> None:
    """SIGUSR1 and SIGUSR2 leave a line in the log from now on."""
    loop = asyncio.get_running_loop()
    for number in _HARMLESS:
        fields = {"signal": number.name, "why": "it means nothing here"}
        line = functools.partial(get_logger().info, "signal ignored", **fields)
        loop.add_signal_handler(number, line)


@functools.cache
def spare_forked_children() -> None:
    """Children forked from now on have the signals' own effects.

    They would have this process's handlers, and the descriptor that wakes its event loop: a signal
    to a worker of `multiprocessing` would not end the worker, but stop the server.
    """

    def change_mask(how: int) -> None:
        signal.pthread_sigmask(how, _HANDLED)

    def forget_handlers() -> None:
        signal.set_wakeup_fd(-1)
        for number in _HANDLED:
            signal.signal(number, signal.SIG_DFL)
        change_mask(signal.SIG_UNBLOCK)

    os.register_at_fork(
        before=functools.partial(change_mask, signal.SIG_BLOCK),
        after_in_parent=functools.partial(change_mask, signal.SIG_UNBLOCK),
        after_in_child=forget_handlers,
    )


def _let_end(number: signal.Signals, loop: asyncio.AbstractEventLoop) -> None:
    """Makes a further signal end the process at once."""
    loop.remove_signal_handler(number)
    if os.getpid() == 1:
        # In a container the kernel keeps what has no handler from it.
        loop.add_signal_handler(number, os._exit, 128 + number)
    else:
        signal.signal(number, signal.SIG_DFL)
