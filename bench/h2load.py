"""Load by h2load. It is not Python and takes a few microseconds a call (Debian: nghttp2-client).

h2load knows nothing of gRPC, so its word on success is not taken: the bytes of DATA must be those
of as many right responses, to the byte. An error has no DATA at all. `bench.checking` checks what
is in the bytes, on calls made meanwhile.
"""

import re
import shutil
import struct
import subprocess
import tempfile
from itertools import pairwise
from pathlib import Path

from bench.load import CONNECTIONS, METHOD, NAME, Generator, Load, LoadError
from proto import user_pb2

_SECONDS = 120
_TIMER_SECONDS = 0.0005
_FRAME = struct.Struct(">BI")
_COUNTS = re.compile(r"requests: (\d+) total, .*? (\d+) succeeded, (\d+) failed")
_DATA = re.compile(r"\((\d+)\) data")
_FINISHED = re.compile(r"finished in ([\d.]+)(us|ms|s),")
_UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0}


def find(*, tls: bool = False) -> Generator | None:
    """h2load as a generator, if it is installed. With TLS it takes any certificate."""
    if shutil.which("h2load") is None:
        return None
    scheme, over = ("https", " over TLS") if tls else ("http", "")

    def closed(address: str, in_flight: int, calls: int) -> Load:
        connections = min(CONNECTIONS, in_flight)
        streams = in_flight // connections
        arguments = ["-c", str(connections), "-m", str(streams), "-n", str(calls)]
        return _run([*arguments, f"{scheme}://{address}{METHOD}"], calls)

    def scheduled(address: str, moments: list[float]) -> Load:
        with tempfile.NamedTemporaryFile("w", suffix=".h2load") as script:
            script.write(timing_script(f"{scheme}://{address}{METHOD}", moments))
            script.flush()
            arguments = ["-c", "1", "-m", "10000", "--timing-script-file", script.name]
            return _run(arguments, len(moments))

    return Generator(f"h2load {_version()}{over}", closed, scheduled)


def timing_script(url: str, moments: list[float]) -> str:
    """The file to tell h2load when to send, whatever has been answered by then.

    h2load's timer is late by half a millisecond on average at each step. So each step is made
    shorter by as much.
    """
    gaps = [max(later - earlier - _TIMER_SECONDS, 0.0) for earlier, later in pairwise(moments)]
    lines, at = [f"0.0\t{url}\n"], 0.0
    for gap in gaps:
        at += gap
        lines.append(f"{at * 1000:.3f}\t{url}\n")
    return "".join(lines)


def _version() -> str:
    output = subprocess.run(["h2load", "--version"], capture_output=True, text=True, check=True)  # noqa: S607
    return output.stdout.strip().rpartition("/")[2]


def _run(arguments: list[str], calls: int) -> Load:
    with tempfile.TemporaryDirectory() as folder:
        body, log = Path(folder, "body"), Path(folder, "log")
        body.write_bytes(frame(user_pb2.UserName(name=NAME).SerializeToString()))
        command = ["h2load", "-d", str(body), "--log-file", str(log)]
        headers = ["-H", "content-type: application/grpc", "-H", "te: trailers"]
        try:
            result = subprocess.run(  # noqa: S603
                [*command, *headers, *arguments],
                capture_output=True,
                text=True,
                timeout=_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise LoadError(f"h2load waited {_SECONDS} s for responses") from error
        check(result.stdout, calls)
        return Load(seconds(result.stdout), latencies(log.read_text()))


def frame(message: bytes) -> bytes:
    """A message as it travels: not compressed, length, bytes."""
    return _FRAME.pack(0, len(message)) + message


def check(output: str, calls: int) -> None:
    """Checks h2load's own report.

    Raises:
        LoadError: a call failed, or the responses have not the size of right ones.
    """
    counts, data = _COUNTS.search(output), _DATA.search(output)
    if counts is None or data is None:
        raise LoadError(f"h2load says nothing of its requests:\n{output[-2000:]}")
    if (int(counts[1]), int(counts[2]), int(counts[3])) != (calls, calls, 0):
        raise LoadError(f"of {calls} calls not all succeeded: {counts[0]}")
    response = user_pb2.User(name=NAME, **{"class": str(len(NAME))}, roll=10 * len(NAME))
    expected = calls * len(frame(response.SerializeToString()))
    if int(data[1]) != expected:
        raise LoadError(f"{data[1]} bytes of responses where right ones have {expected}")


def seconds(output: str) -> float:
    """How long h2load took, by its own word.

    Raises:
        LoadError: it does not say.
    """
    found = _FINISHED.search(output)
    if found is None:
        raise LoadError(f"h2load says nothing of its time:\n{output[-2000:]}")
    return float(found[1]) * _UNITS[found[2]]


def latencies(log: str) -> list[float]:
    """Milliseconds of each call, sorted, from h2load's log: start, status, microseconds."""
    return sorted(int(line.split("\t")[2]) / 1000 for line in log.splitlines())
