"""The three servers, started as they are for real and stopped whatever happens."""

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from rpc.core.errors import StartupError

# Beside this package in the runfiles, as Bazel lays them out.
_PROGRAMS = Path(__file__).parent.parent

_START_SECONDS = 30.0
_STOP_SECONDS = 10.0
_PAUSE_SECONDS = 0.02
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_PREFIXES = ("CLIENT_", "ORC1_", "ORC2_", "MOCK_DATA_")


class StartError(StartupError):
    """A server does not start. The message has its log."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running server.

    Attributes:
        name: its name, as in `orc1`.
        address: where it serves.
        log: file with its log, a JSON object a line.
    """

    name: str
    address: str
    log: Path


def program(name: str) -> Path:
    """Path of a program of this repository, as in `services/orc1/orc1`."""
    return _PROGRAMS / name


def environment() -> dict[str, str]:
    """This process's environment without settings of the programs: the demo shows defaults."""
    return {key: value for key, value in os.environ.items() if not key.startswith(_PREFIXES)}


@contextmanager
def running(name: str, *arguments: str) -> Iterator[Server]:
    """Runs a server on a free port while the context is open.

    Args:
        name: its name, as in `orc1`.
        *arguments: for its command line.

    Raises:
        StartError: it ended, or took too long, before it served.
    """
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix=f"demo-{name}-"))
        ready, log = Path(folder, "ready"), Path(folder, "log")
        with _held_signals():
            process = _start(name, log, "--ready-file", str(ready), *arguments)
            stack.callback(_stop, process)
        _wait_until_ready(name, process, ready, log)
        yield Server(name, ready.read_text().strip(), log)


@contextmanager
def _held_signals() -> Iterator[None]:
    """Lets signals wait: one between a process's start and the note of it would leave it behind."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        yield
    finally:
        _release_signals()


def _release_signals() -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)


def _start(name: str, log: Path, *arguments: str) -> "subprocess.Popen[bytes]":
    fixed = ["--listen", "127.0.0.1:0", "--log-format", "json"]
    command = [str(program(f"services/{name}/{name}")), *fixed, *arguments]
    with log.open("wb") as stderr:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stderr=stderr,
            env=environment(),
            # A process inherits what is held.
            preexec_fn=_release_signals,  # noqa: PLW1509  # there are no other threads here
        )


def _wait_until_ready(
    name: str, process: "subprocess.Popen[bytes]", ready: Path, log: Path
) -> None:
    give_up = time.monotonic() + _START_SECONDS
    while not ready.exists():
        if process.poll() is not None:
            raise StartError(f"{name} ended with {process.returncode}:\n{log.read_text()}")
        if time.monotonic() > give_up:
            raise StartError(f"{name} does not serve after {_START_SECONDS} s:\n{log.read_text()}")
        time.sleep(_PAUSE_SECONDS)


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.send_signal(signal.SIGTERM)
    try:
        with suppress(subprocess.TimeoutExpired):
            process.wait(_STOP_SECONDS)
    finally:
        # For one that is stuck, and for who does not wait and presses Ctrl-C again.
        process.kill()
        process.wait()
