"""The real programs, started from a test's runfiles."""

import json
import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.waiting import LIMIT_SECONDS, wait_until


def program(name: str) -> Path:
    """Path of a py_binary that the test has in its `data`, as in `services/orc1`."""
    return Path(os.environ["TEST_SRCDIR"], os.environ["TEST_WORKSPACE"], name)


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
        lines = self.log_file.read_text().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def calls(self) -> list[dict[str, Any]]:
        """The lines of its log that are about calls."""
        return [line for line in self.log() if line["event"] == "call"]

    def signal(self, number: signal.Signals) -> None:
        """Sends it a signal."""
        self.process.send_signal(number)

    def wait(self, limit: float = LIMIT_SECONDS) -> int:
        """Waits for its end and returns the exit code; minus the signal's number for a signal."""
        return self.process.wait(limit)

    def stop(self) -> int:
        """Stops it by SIGTERM and returns its exit code."""
        self.signal(signal.SIGTERM)
        return self.wait()


@contextmanager
def running(name: str, *arguments: str) -> Iterator[ServerProcess]:
    """Starts a server and waits until it serves; leaving the context kills it if it still runs.

    It listens on a port that the kernel chooses unless the arguments say `--listen`.

    Args:
        name: which, as in `services/orc1`.
        *arguments: for its command line.

    Raises:
        AssertionError: it ended before it served; the message is its log.
    """
    with tempfile.TemporaryDirectory() as folder:
        server = _start(name, arguments, Path(folder))
        try:
            yield server
        finally:
            with suppress(ProcessLookupError):
                server.process.send_signal(signal.SIGCONT)
            server.process.kill()
            server.process.wait()


def _start(name: str, arguments: tuple[str, ...], folder: Path) -> ServerProcess:
    ready, log_file = folder / "ready", folder / "log"
    listen = () if "--listen" in arguments else ("--listen", "127.0.0.1:0")
    command = [program(name), "--log-format", "json", "--ready-file", ready, *listen, *arguments]
    with log_file.open("wb") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=log)
    try:
        wait_until(lambda: ready.exists() or process.poll() is not None, f"{name} serves")
    except TimeoutError:
        process.kill()
        raise
    assert ready.exists(), f"{name} ended with {process.returncode}: {log_file.read_text()}"
    address, *metrics = ready.read_text().splitlines()
    return ServerProcess(process, address, metrics[0] if metrics else None, log_file)
