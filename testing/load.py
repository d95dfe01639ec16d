"""Load on a server: calls that are kept in flight, or begun at a rate, and the figures of them."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from rpc.cli import grpc_environment  # noqa: F401  # before gRPC is loaded

import grpc

Call = Callable[[], Awaitable[object]]
"""Makes one call; raises grpc.aio.AioRpcError where it fails."""

_FAILURES_KEPT = 5


@dataclass(slots=True)
class Figures:
    """What became of the calls of one load.

    Attributes:
        load: what was held, for the printed line.
        latencies: seconds of each call that is over, by status code.
        failures: the first ones, with the time in the load at which each call ended.
    """

    load: str
    latencies: dict[grpc.StatusCode, list[float]] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    _begun: float = field(default_factory=time.perf_counter)
    _seconds: float = 0.0

    @property
    def calls(self) -> int:
        """Calls that are over."""
        return sum(self.codes.values())

    @property
    def codes(self) -> "Counter[grpc.StatusCode]":
        """Calls by status code."""
        return Counter({code: len(seconds) for code, seconds in self.latencies.items()})

    @property
    def failed(self) -> int:
        """Calls that ended with another code than OK."""
        return self.calls - self.codes[grpc.StatusCode.OK]

    @property
    def worst(self) -> float:
        """Seconds of the slowest call, whatever its end."""
        return max((max(seconds) for seconds in self.latencies.values()), default=0.0)

    @property
    def answered_per_second(self) -> float:
        """Calls that ended with OK, a second."""
        return self.codes[grpc.StatusCode.OK] / self._seconds

    def percentile(self, share: float, code: grpc.StatusCode = grpc.StatusCode.OK) -> float:
        """Seconds within which that share of the calls with a code was over."""
        seconds = sorted(self.latencies[code])
        return seconds[min(int(share * len(seconds)), len(seconds) - 1)]

    async def record(self, call: Call) -> None:
        """Makes a call and takes down what becomes of it."""
        began = time.perf_counter()
        code = grpc.StatusCode.OK
        try:
            await call()
        except grpc.aio.AioRpcError as error:
            code = error.code()
            if len(self.failures) < _FAILURES_KEPT:
                at = time.perf_counter() - self._begun
                self.failures.append(f"at {at:.2f} s: {code.name}: {error.debug_error_string()}")
        self.latencies.setdefault(code, []).append(time.perf_counter() - began)

    def end(self) -> None:
        """Takes down how long the load lasted."""
        self._seconds = time.perf_counter() - self._begun

    @property
    def line(self) -> str:
        """The figures in a line."""
        codes = ", ".join(f"{code.name} {count}" for code, count in self.codes.most_common())
        held = f"{self.load}: {self.calls} calls in {self._seconds:.1f} s ({codes or 'none'})"
        return f"{held}, {self.failed} failed, worst latency {self.worst * 1000:.0f} ms"

    def __str__(self) -> str:
        """The line, and one more for each failure that was kept."""
        return "\n  ".join([self.line, *self.failures])


@asynccontextmanager
async def steady_load(call: Call, in_flight: int) -> AsyncIterator[Figures]:
    """Keeps so many calls in flight while the context is open, and waits for the last ones."""
    figures = Figures(f"{in_flight} in flight")
    stopping = asyncio.Event()

    async def keep_calling() -> None:
        while not stopping.is_set():
            await figures.record(call)

    async with asyncio.TaskGroup() as group:
        for _ in range(in_flight):
            group.create_task(keep_calling())
        try:
            yield figures
        finally:
            stopping.set()
    figures.end()


async def burst(call: Call, count: int) -> Figures:
    """Begins so many calls at once and waits for all of them."""
    figures = Figures(f"{count} at once")
    await asyncio.gather(*(figures.record(call) for _ in range(count)))
    figures.end()
    return figures


async def open_load(call: Call, per_second: float, seconds: float) -> Figures:
    """Begins calls at a rate, whether or not the earlier ones are answered, and waits for all."""
    figures = Figures(f"{per_second:.0f} calls/s")
    loop = asyncio.get_running_loop()
    begun = loop.time()
    async with asyncio.TaskGroup() as group:
        for number in range(int(per_second * seconds)):
            await asyncio.sleep(begun + number / per_second - loop.time())
            group.create_task(figures.record(call))
    figures.end()
    return figures
