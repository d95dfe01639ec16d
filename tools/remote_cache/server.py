"""nginx as the remote cache, on loopback."""

import os
import subprocess
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from testing.waiting import wait_until

_HERE = Path(__file__).parent
_ADDRESS = "127.0.0.1:9092"
_NOT_STORED = "0" * 64


class NoServerError(Exception):
    """There is no nginx, or it does not start. The text says why."""


@dataclass(frozen=True, slots=True)
class CacheServer:
    """A running cache.

    Attributes:
        folder: all it writes.
        address: HOST:PORT.
    """

    folder: Path
    address: str

    def requests(self) -> Counter[tuple[str, int]]:
        """How many requests it has answered, by method and status."""
        lines = (self.folder / "access.log").read_text().splitlines()
        words = (line.split(maxsplit=2) for line in lines)
        return Counter((method, int(status)) for method, status, _ in words)

    def puts(self) -> int:
        """How many requests to write it has had, refused ones included."""
        return sum(count for (method, _), count in self.requests().items() if method == "PUT")

    def forget(self, digest: str) -> None:
        """Removes the result of an action."""
        self._result(digest).unlink()

    def knows(self, digest: str) -> bool:
        """Whether it has the result of an action."""
        return self._result(digest).exists()

    def answer_to_stranger(self) -> int:
        """The status of an answer to a writer without a token."""
        url = f"http://{self.address}/ac/{_NOT_STORED}"
        request = urllib.request.Request(url, data=b"x", method="PUT")
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code

    def _result(self, digest: str) -> Path:
        return self.folder / "files/ac" / digest


def find_nginx() -> Path:
    """Path of an nginx. Gets one if the host has none.

    Raises:
        NoServerError: it cannot be had.
    """
    found = subprocess.run(  # noqa: S603 (our own script)
        [_HERE / "get_nginx.sh"], stdout=subprocess.PIPE, text=True, check=False
    )
    if found.returncode != 0:
        raise NoServerError("there is no nginx to check the remote cache with")
    return Path(found.stdout.strip())


@contextmanager
def serving(nginx: Path, folder: Path, address: str, token: str) -> Iterator[CacheServer]:
    """Runs the cache with this folder's nginx.conf. Leaving the context stops it.

    Args:
        nginx: the program.
        folder: an empty one to write to.
        address: a reserved one (testing.addresses).
        token: to write the cache.

    Raises:
        NoServerError: it does not start.
    """
    (folder / "files").mkdir()
    (folder / "nginx.conf").write_text(configuration(address))
    (folder / "writers.conf").write_text(f'"PUT Bearer {token}" 0;\n')
    with (folder / "error.log").open("wb") as log:
        process = subprocess.Popen(_command(nginx, folder), stderr=log)  # noqa: S603 (no shell)
    try:
        _wait(process, folder)
        yield CacheServer(folder, address)
    finally:
        process.terminate()
        process.wait()


def configuration(address: str) -> str:
    """nginx.conf for another address, perhaps bound by somebody else too."""
    text = (_HERE / "nginx.conf").read_text()
    before, listen, after = text.partition(f"listen {_ADDRESS};")
    if not listen:
        raise NoServerError(f"nginx.conf does not listen on {_ADDRESS}")
    return f"{before}listen {address} reuseport;{after}"


def _command(nginx: Path, folder: Path) -> list[str | os.PathLike[str]]:
    # One process, which stays who it is: a master that is root would make its workers another user.
    # (With `reuseport` there is a socket for each worker, so nginx.conf must not ask for several.)
    alone = "daemon off; master_process off;"
    return [nginx, "-p", folder, "-c", "nginx.conf", "-e", "stderr", "-g", alone]


def _wait(process: "subprocess.Popen[bytes]", folder: Path) -> None:
    """Waits for its process id: nginx writes it when it listens."""
    ready = folder / "nginx.pid"
    wait_until(lambda: ready.exists() or process.poll() is not None, "nginx serves")
    if process.poll() is not None:
        raise NoServerError(f"nginx does not start: {(folder / 'error.log').read_text()}")
