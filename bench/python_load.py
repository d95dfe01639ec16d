"""Load by grpc.aio, for machines without h2load. Every response is compared in full.

It takes about as much CPU as a hop of the chain, so figures by it are lower than by h2load, and
ratios nearer to 1. It runs as a process of its own: `python_load ADDRESS METHOD CONNECTIONS
[AUTHORITY]`, with `{"in_flight": …, "calls": …}` or `{"moments": […]}` on stdin, and the `Load` on
stdout.
"""

import asyncio
import itertools
import json
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rpc.cli import prepared  # noqa: F401  # before gRPC is loaded

import grpc
import uvloop

from bench.checking import expected_user
from bench.load import NAME, Generator, Load, LoadError
from proto import user_pb2
from testing.runfiles import runfile

_SECONDS = 120


def generator(method: str, most_connections: int, authority: Path | None = None) -> Generator:
    """This load, run by a process of its own.

    Args:
        method: called with a `UserName` and answered with its `User`.
        most_connections: most connections for the calls in flight.
        authority: PEM file of the authority of the server's certificate, None for plaintext.
    """
    security = [] if authority is None else [str(authority)]

    def closed(address: str, in_flight: int, calls: int) -> Load:
        connections = min(most_connections, in_flight)
        target = [address, method, str(connections), *security]
        return _run(target, {"in_flight": in_flight, "calls": calls})

    def scheduled(address: str, moments: list[float]) -> Load:
        return _run([address, method, str(most_connections), *security], {"moments": moments})

    over = " over TLS" if security else ""
    return Generator(f"python_load (grpc.aio){over}", closed, scheduled)


def _run(target: list[str], wanted: dict[str, Any]) -> Load:
    result = subprocess.run(  # noqa: S603
        [runfile("bench/python_load"), *target],
        input=json.dumps(wanted),
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    if result.returncode:
        raise LoadError(f"the Python load on {target[0]} failed:\n{result.stderr[-2000:]}")
    return Load(**json.loads(result.stdout))


class Caller:
    """Calls over several connections, keeps the time of each call, checks each response."""

    def __init__(
        self, address: str, method: str, connections: int, authority: Path | None = None
    ) -> None:
        channels = [_channel(address, authority) for _ in range(connections)]
        self._channels = channels
        self._calls = itertools.cycle([_callable(channel, method) for channel in channels])
        self._expected = expected_user(NAME)
        self.latencies: list[float] = []

    async def call(self) -> None:
        """Calls once.

        Raises:
            LoadError: the response is wrong.
            grpc.aio.AioRpcError: there is none.
        """
        call = next(self._calls)
        started = time.perf_counter()
        response = await call(user_pb2.UserName(name=NAME), timeout=_SECONDS)
        self.latencies.append((time.perf_counter() - started) * 1000)
        if response != self._expected:
            raise LoadError(f"{NAME!r} gets {response}")

    async def close(self) -> None:
        """Closes the connections."""
        for channel in self._channels:
            await channel.close()


def _channel(address: str, authority: Path | None) -> grpc.aio.Channel:
    options = [("grpc.use_local_subchannel_pool", 1)]
    if authority is None:
        return grpc.aio.insecure_channel(address, options=options)
    credentials = grpc.ssl_channel_credentials(authority.read_bytes())
    return grpc.aio.secure_channel(address, credentials, options=options)


def _callable(channel: grpc.aio.Channel, method: str) -> Any:
    return channel.unary_unary(
        method,
        request_serializer=user_pb2.UserName.SerializeToString,
        response_deserializer=user_pb2.User.FromString,
    )


async def closed_loop(caller: Caller, in_flight: int, calls: int) -> Load:
    """Keeps so many calls in flight until all are made."""

    async def keep_calling() -> None:
        for _ in range(calls // in_flight):
            await caller.call()

    return await _timed(caller, [keep_calling() for _ in range(in_flight)])


async def open_loop(caller: Caller, moments: list[float]) -> Load:
    """Calls at the given moments, whatever has been answered by then."""
    started = time.perf_counter()

    async def call_at(moment: float) -> None:
        await asyncio.sleep(started + moment - time.perf_counter())
        await caller.call()

    return await _timed(caller, [call_at(moment) for moment in moments])


async def _timed(caller: Caller, tasks: list[Any]) -> Load:
    started = time.perf_counter()
    try:
        await asyncio.gather(*tasks)
        return Load(time.perf_counter() - started, sorted(caller.latencies))
    finally:
        await caller.close()


def main() -> None:
    """Reads what is wanted, makes it, prints what came of it."""
    address, method, connections, *security = sys.argv[1:]
    authority = Path(security[0]) if security else None
    load = uvloop.run(_load((address, method, int(connections), authority), json.load(sys.stdin)))
    json.dump(asdict(load), sys.stdout)


async def _load(target: tuple[str, str, int, Path | None], wanted: dict[str, Any]) -> Load:
    loop = open_loop if "moments" in wanted else closed_loop
    return await loop(Caller(*target), **wanted)


if __name__ == "__main__":
    main()
