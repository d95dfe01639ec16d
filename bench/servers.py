"""Servers under measurement, each a process: start, what it used, stop."""

import os
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

ROLES = ("orc1", "orc2", "mock_data")
"""The hops of the chain, in a call's order."""

_START_SECONDS = 30.0
_POLL_SECONDS = 0.001
_CPU_CLOCK_OF_PROCESS = 2


class ServerError(Exception):
    """A server did not start. The message has its output."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running server.

    Attributes:
        process: its process.
        address: where it serves.
        startup: seconds from exec to ready.
    """

    process: "subprocess.Popen[bytes]"
    address: str
    startup: float

    def cpu_seconds(self) -> float:
        """CPU time used so far by all of its threads, past ones included, in seconds."""
        # Linux' clock id of another process's CPU clock, as clock_getcpuclockid(3) makes it:
        # nanoseconds, where /proc counts in ticks of 10 ms.
        return time.clock_gettime((~self.process.pid << 3) | _CPU_CLOCK_OF_PROCESS)

    def memory_mib(self) -> float:
        """Resident memory now."""
        resident: int = psutil.Process(self.process.pid).memory_info().rss
        return resident / 2**20


@contextmanager
def running(command: list[str], folder: Path) -> Iterator[Server]:
    """Starts a server by `--ready-file`, and kills it when the context is left.

    Args:
        command: program and arguments, without `--ready-file`.
        folder: empty, for its ready file and its output.

    Raises:
        ServerError: it ended, or did not serve within half a minute.
    """
    ready, output = folder / "ready", folder / "output"
    with output.open("wb") as sink:
        started = time.perf_counter()
        process = subprocess.Popen(  # noqa: S603  # the caller's own programs
            [*command, "--ready-file", str(ready)],
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            env=_environment(),
        )
    try:
        _await(process, ready, output)
        startup = time.perf_counter() - started
        yield Server(process, ready.read_text().splitlines()[0], startup)
    finally:
        process.kill()
        process.wait()


def _await(process: "subprocess.Popen[bytes]", ready: Path, output: Path) -> None:
    give_up = time.monotonic() + _START_SECONDS
    while not ready.exists():
        if process.poll() is not None or time.monotonic() > give_up:
            text = output.read_text(errors="replace")[-2000:]
            raise ServerError(f"{process.args!r} does not serve; its output ends in:\n{text}")
        time.sleep(_POLL_SECONDS)


def _environment() -> dict[str, str]:
    """The caller's environment without what would change how the servers run."""
    ours = ("GRPC_", "PYTHON", "RUNFILES", "ORC1_", "ORC2_", "MOCK_DATA_", "OTEL_")
    return {key: value for key, value in os.environ.items() if not key.startswith(ours)}


@contextmanager
def running_chain(commands: Mapping[str, list[str]], folder: Path) -> Iterator[dict[str, Server]]:
    """Starts the three servers of a chain, the last hop first.

    Args:
        commands: for each of `ROLES`, its command without `--upstream` and `--ready-file`.
        folder: empty, for their files.
    """
    servers: dict[str, Server] = {}
    with ExitStack() as stack:
        upstream: list[str] = []
        for role in reversed(ROLES):
            (folder / role).mkdir()
            command = [*commands[role], *upstream]
            servers[role] = stack.enter_context(running(command, folder / role))
            upstream = ["--upstream", servers[role].address]
        yield servers
