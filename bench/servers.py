"""Servers under measurement: how they are started, and what they have used."""

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager

import psutil

from testing.chain import NAMES, wired
from testing.processes import ServerProcess, started

ROLES = NAMES
"""The hops of the chain, in a call's order."""

_CPU_CLOCK_OF_PROCESS = 2

# Variables that would change how a server runs, or which modules it finds.
_LEFT_OUT = ("GRPC_", "PYTHON", "RUNFILES", "ORC1_", "ORC2_", "MOCK_DATA_", "OTEL_")


def running(command: Sequence[str]) -> AbstractContextManager[ServerProcess]:
    """Starts a server as it runs alone.

    Args:
        command: program and arguments, without `--ready-file`.

    Raises:
        StartError: it ended, or took too long, before it served.
    """
    environment = {key: value for key, value in os.environ.items() if not key.startswith(_LEFT_OUT)}
    return started(command, environment)


@contextmanager
def running_chain(commands: Mapping[str, list[str]]) -> Iterator[dict[str, ServerProcess]]:
    """Starts the three servers of a chain, and gives them by role.

    Args:
        commands: for each of `ROLES`, its command without `--upstream` and `--ready-file`.
    """
    with wired(lambda role, *wiring: running([*commands[role], *wiring])) as chain:
        yield chain.servers


def cpu_seconds(server: ServerProcess) -> float:
    """CPU time used so far by all of a server's threads, past ones included, in seconds."""
    # Linux' clock id of another process's CPU clock, as clock_getcpuclockid(3) makes it:
    # nanoseconds, where /proc counts in ticks of 10 ms.
    return time.clock_gettime((~server.pid << 3) | _CPU_CLOCK_OF_PROCESS)


def memory_mib(server: ServerProcess) -> float:
    """Resident memory now."""
    resident: int = psutil.Process(server.pid).memory_info().rss
    return resident / 2**20
