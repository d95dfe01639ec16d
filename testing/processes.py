"""The real programs, started from a test's runfiles."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from testing.transports import transport
from testing.waiting import LIMIT_SECONDS, wait_until

_OUTSIDE_BAZEL = "TEST_SRCDIR" not in os.environ

_WORKSPACE = Path(__file__).parents[2]


def runfile(name: str) -> Path:
    """Path of a file or folder that the test has in its `data`."""
    if _OUTSIDE_BAZEL:
        return _WORKSPACE / name
    return Path(os.environ["TEST_SRCDIR"], os.environ["TEST_WORKSPACE"], name)


def program(name: str) -> Path:
    """Path of a py_binary that the test has in its `data`, as in `bench/chain`.

    `services/orc1` is the program that bears its package's name, as in Bazel's labels.
    """
    path = runfile(name)
    return path / path.name if path.is_dir() else path


def _command(name: str) -> list[str | Path]:
    """What starts a program. Outside of Bazel there is only its source."""
    if _OUTSIDE_BAZEL:
        return [sys.executable, program(name).with_suffix(".py")]
    return [program(name)]


@dataclass(frozen=True, slots=True)
class ServerProcess:
    """A server that runs in a process of its own.

    Attributes:
        process: the process.
        address: where it serves.
        metrics_address: where its metrics are, if it was told to serve any.
        log_file: what it has written to stderr, JSON lines.
    """

    process: "subprocess.Popen[bytes]"
    address: str
    metrics_address: str | None
    log_file: Path

    @property
    def pid(self) -> int:
        """The process's id."""
        return self.process.pid

    def log(self) -> list[dict[str, Any]]:
        """The lines of its log so far."""
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
        AssertionError: it ended before it served. The message is its log.
    """
    with tempfile.TemporaryDirectory() as folder:
        server = _start(name, arguments, environment or {}, Path(folder))
        try:
            yield server
        finally:
            _end(server.process)


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
        [*_command(name), *arguments],
        env=os.environ | dict(environment or {}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        check=False,
    )


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


def _start(
    name: str, arguments: tuple[str, ...], environment: Mapping[str, str], folder: Path
) -> ServerProcess:
    log_file = folder / "log"
    variables = _environment(name, folder) | dict(environment)
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            [*_command(name), *arguments],
            env=os.environ | variables,
            stdin=subprocess.DEVNULL,
            stderr=log,
        )
    ready = Path(variables[f"{_prefix(name)}_READY_FILE"])
    try:
        wait_until(lambda: ready.exists() or process.poll() is not None, f"{name} serves")
    except TimeoutError:
        process.kill()
        raise
    assert ready.exists(), f"{name} ended with {process.returncode}: {log_file.read_text()}"
    address, *metrics = ready.read_text().splitlines()
    return ServerProcess(process, address, metrics[0] if metrics else None, log_file)


def _environment(name: str, folder: Path) -> dict[str, str]:
    """What a server is told by its environment. Its command line goes before that."""
    prefix = _prefix(name)
    return {
        f"{prefix}_LISTEN": "127.0.0.1:0",
        f"{prefix}_LOG_FORMAT": "json",
        f"{prefix}_READY_FILE": str(folder / "ready"),
        f"{prefix}_TRANSPORT": transport(),
    }


def _prefix(name: str) -> str:
    return name.rpartition("/")[2].upper()
