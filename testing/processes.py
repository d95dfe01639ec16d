"""Servers and other programs, each in a process of its own."""

import json
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from testing.held_signals import held_signals
from testing.runfiles import command_line
from testing.transports import transport
from testing.waiting import LIMIT_SECONDS, wait_until

# Between two looks for the ready file. `ServerProcess.startup` is as exact as this.
_PAUSE_SECONDS = 0.001


class StartError(Exception):
    """A server does not serve. The message ends in its log."""


@dataclass(frozen=True, slots=True)
class ServerProcess:
    """A server that runs in a process of its own.

    Attributes:
        process: the process.
        address: where it serves.
        metrics_address: where its metrics are, if it was told to serve any.
        log_file: what it has written to stdout and stderr.
        startup: seconds from its start until it served.
    """

    process: "subprocess.Popen[bytes]"
    address: str
    metrics_address: str | None
    log_file: Path
    startup: float

    @property
    def pid(self) -> int:
        """The process's id."""
        return self.process.pid

    def log(self) -> list[dict[str, Any]]:
        """The lines of its log so far, of a server that logs JSON."""
        # Only "\n" ends a line: JSON may have other line separators in its strings. What follows
        # the last one is still being written.
        lines = self.log_file.read_text().split("\n")[:-1]
        return [json.loads(line) for line in lines if line.startswith("{")]

    def calls(self) -> list[dict[str, Any]]:
        """The lines of its log that are about calls."""
        return [line for line in self.log() if line["event"] == "call"]

    def signal(self, number: signal.Signals) -> None:
        """Sends it a signal."""
        self.process.send_signal(number)

    def wait(self, limit: float = LIMIT_SECONDS) -> int:
        """Waits for its end and returns the exit code, minus the signal's number for a signal."""
        return self.process.wait(limit)

    def stop(self) -> int:
        """Stops it by SIGTERM and returns its exit code."""
        self.signal(signal.SIGTERM)
        return self.wait()


@contextmanager
def running(
    name: str, *arguments: str, environment: Mapping[str, str] | None = None
) -> Iterator[ServerProcess]:
    """Starts a server and waits until it serves. Leaving the context kills it if it still runs.

    It listens on a port that the kernel chooses, and logs JSON, unless it is told otherwise.

    Args:
        name: which, as in `services/orc1`.
        *arguments: for its command line.
        environment: variables to set for it.

    Raises:
        StartError: it ended, or took too long, before it served.
    """
    prefix = _prefix(name)
    # What it is told by variables. Its command line goes before them.
    variables = {
        f"{prefix}LISTEN": "127.0.0.1:0",
        f"{prefix}LOG_FORMAT": "json",
        f"{prefix}TRANSPORT": transport(),
    }
    variables |= environment_without_settings(name) | dict(environment or {})
    with started([*command_line(name), *arguments], variables) as server:
        yield server


@contextmanager
def started(
    command: Sequence[str | Path], environment: Mapping[str, str], limit: float = LIMIT_SECONDS
) -> Iterator[ServerProcess]:
    """The same for any command that ends in `--ready-file FILE`, with no variables of its own.

    Args:
        command: the program and its arguments, without `--ready-file`.
        environment: all of its variables.
        limit: seconds that it has until it serves.

    Raises:
        StartError: it ended, or took too long, before it served.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        ready, log = folder / "ready", folder / "log"
        began = time.perf_counter()
        # A signal between the start of a process and the note of it would leave it behind.
        with held_signals():
            process = _start([*command, "--ready-file", ready], environment, log)
            stack.callback(_end, process)
        _wait_until_ready(Path(command[0]).name, process, ready, log, limit)
        startup = time.perf_counter() - began
        address, *metrics = ready.read_text().splitlines()
        yield ServerProcess(process, address, metrics[0] if metrics else None, log, startup)


def run_to_end(
    name: str, *arguments: str, environment: Mapping[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    """Runs a program that ends by itself, and returns its exit code and what it wrote.

    Args:
        name: which, as in `services/orc1`.
        *arguments: for its command line.
        environment: variables to set for it.
    """
    return subprocess.run(
        [*command_line(name), *arguments],
        env=environment_without_settings(name) | dict(environment or {}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        check=False,
    )


def environment_without_settings(name: str) -> dict[str, str]:
    """This process's variables, without those that are options of a program."""
    prefix = _prefix(name)
    return {key: value for key, value in os.environ.items() if not key.startswith(prefix)}


def _prefix(name: str) -> str:
    return f"{name.rpartition('/')[2].upper()}_"


def _start(
    command: Sequence[str | Path], environment: Mapping[str, str], log: Path
) -> "subprocess.Popen[bytes]":
    with log.open("wb") as output:
        return subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )


def _wait_until_ready(
    name: str, process: "subprocess.Popen[bytes]", ready: Path, log: Path, limit: float
) -> None:
    try:
        wait_until(lambda: ready.exists() or process.poll() is not None, "", limit, _PAUSE_SECONDS)
    except TimeoutError:
        raise StartError(f"{name} does not serve after {limit} s:\n{_text(log)}") from None
    if not ready.exists():
        raise StartError(f"{name} ended with {process.returncode}:\n{_text(log)}")


def _text(log: Path) -> str:
    return log.read_text(errors="replace")


def _end(process: "subprocess.Popen[bytes]") -> None:
    with suppress(ProcessLookupError):
        process.send_signal(signal.SIGCONT)
    if "COVERAGE_DIRECTORY" in os.environ:
        # It has counted lines, which it writes down only when it ends by itself.
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(LIMIT_SECONDS)
    process.kill()
    process.wait()
