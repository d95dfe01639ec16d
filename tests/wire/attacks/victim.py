"""A server in its own process, to measure its memory."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.wire.conformance.echo import serving
from wire.http2.limits import Limits

KIB = 1024
MIB = 1024 * KIB


@dataclass(frozen=True)
class Victim:
    """A running server.

    Attributes:
        port: where it listens.
    """

    port: int
    pid: int

    @property
    def peak_memory(self) -> int:
        """The peak of resident bytes so far."""
        return self._status("VmHWM")

    @property
    def memory(self) -> int:
        """The resident bytes now."""
        return self._status("VmRSS")

    def _status(self, name: str) -> int:
        lines = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) * KIB for line in lines if line.startswith(name))


@contextmanager
def victim(**limits: float) -> Iterator[Victim]:
    """Runs a server with these limits while the context is open."""
    arguments = [f"{name}={value}" for name, value in limits.items()]
    with subprocess.Popen(
        [sys.executable, "-m", "tests.wire.attacks.victim", *arguments],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            yield Victim(int(process.stdout.readline()), process.pid)
        finally:
            process.kill()


def _limit(text: str) -> float | int:
    return float(text) if "." in text else int(text)


async def _serve(arguments: list[str]) -> None:
    pairs = [argument.split("=") for argument in arguments]
    limits = Limits(**{name: _limit(value) for name, value in pairs})  # type: ignore[arg-type]
    async with serving(limits) as port:
        sys.stdout.write(f"{port}\n")
        sys.stdout.flush()
        await asyncio.get_running_loop().create_future()


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1:]))
