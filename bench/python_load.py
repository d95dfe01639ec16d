"""Load by grpc.aio, for machines without h2load. Every response is compared in full.

It takes about as much CPU as a hop of the chain, so figures by it are lower than by h2load, and
ratios nearer to 1.
"""

import asyncio
import itertools
import time
from pathlib import Path
from typing import Any

from rpc.cli import grpc_environment  # noqa: F401  # before gRPC is loaded

import grpc
import uvloop

from bench.checking import expected_user
from bench.load import CONNECTIONS, NAME, Generator, Load, LoadError
from proto import user_pb2, user_pb2_grpc

_SECONDS = 120


def generator(authority: Path | None = None) -> Generator:
    """This load.

    Args:
        authority: PEM file of the authority of the server's certificate, None for plaintext.
    """

    async def closed(address: str, in_flight: int, calls: int) -> Load:
        caller = Caller(address, min(CONNECTIONS, in_flight), authority)
        return await closed_loop(caller, in_flight, calls)

    async def scheduled(address: str, moments: list[float]) -> Load:
        return await open_loop(Caller(address, CONNECTIONS, authority), moments)

    return Generator(
        "python_load (grpc.aio)" if authority is None else "python_load (grpc.aio) over TLS",
        closed=lambda *load: uvloop.run(closed(*load)),
        open=lambda *load: uvloop.run(scheduled(*load)),
    )


class Caller:
    """Calls over several connections, keeps the time of each call, checks each response."""

    def __init__(self, address: str, connections: int, authority: Path | None = None) -> None:
        self._channels = [_channel(address, authority) for _ in range(connections)]
        stubs = map(user_pb2_grpc.Orchestrator1ServiceStub, self._channels)
        self._calls: Any = itertools.cycle([stub.GetUserByName for stub in stubs])
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
    except grpc.aio.AioRpcError as error:
        raise LoadError(f"a call of the Python load failed: {error.details()}") from error
    finally:
        await caller.close()
