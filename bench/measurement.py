"""One round of one contender: start it, load it, look at what it used, stop it."""

import random
from collections.abc import Callable
from dataclasses import dataclass

from bench.checking import checking
from bench.contenders import Contender
from bench.figures import percentiles
from bench.load import Generator, Load
from bench.servers import cpu_seconds, memory_mib, running_chain
from testing.processes import ServerProcess

_WARM_UP_CALLS = 400
_WARM_UP_IN_FLIGHT = 64


@dataclass(frozen=True, slots=True)
class Plan:
    """What a round does.

    Attributes:
        in_flight: numbers of calls at a time, one load for each.
        seconds: rough duration of each of these loads.
        rate: calls a second of the open loop.
        open_seconds: duration of the open loop.
    """

    in_flight: tuple[int, ...] = (1, 8, 32, 128, 512)
    seconds: float = 1.5
    rate: float = 400.0
    open_seconds: float = 5.0


QUICK = Plan(in_flight=(1, 8), seconds=0.2, rate=100.0, open_seconds=0.5)
"""Enough to see that all of it works. Its figures mean nothing."""


@dataclass(frozen=True, slots=True)
class Point:
    """What came of one load.

    Attributes:
        calls: how many.
        rate: calls a second.
        latency: milliseconds, by percentile.
        cpu: microseconds a call, by process.
    """

    calls: int
    rate: float
    latency: dict[str, float]
    cpu: dict[str, float]


@dataclass(frozen=True, slots=True)
class Round:
    """What came of one round of one contender.

    Attributes:
        startup: seconds from exec to ready, by process.
        memory: MiB at the end, by process.
        points: the closed loops, by calls in flight.
        open: the open loop.
        checked: calls beside the load with responses compared in full.
    """

    startup: dict[str, float]
    memory: dict[str, float]
    points: dict[int, Point]
    open: Point
    checked: int


def measure_round(contender: Contender, plan: Plan, generator: Generator, seed: int) -> Round:
    """Measures one round.

    Args:
        contender: whom.
        plan: how.
        generator: by what.
        seed: makes the open loop's moments and the checked names, the same for all in a round.

    Raises:
        LoadError: a response was wrong or missing.
        StartError: a server does not start.
    """
    with (
        running_chain(contender.commands) as servers,
        checking(servers["orc1"].address, seed, contender.authority) as checks,
    ):
        address = servers["orc1"].address
        rate = generator.closed(address, _WARM_UP_IN_FLIGHT, _WARM_UP_CALLS).rate
        points = {
            in_flight: _closed(servers, generator, in_flight, rate * plan.seconds)
            for in_flight in plan.in_flight
        }
        moments = arrivals(plan.rate, plan.open_seconds, seed)
        opened = _point(servers, lambda: generator.open(address, moments))
        memory = {role: memory_mib(server) for role, server in servers.items()}
    startup = {role: server.startup for role, server in servers.items()}
    return Round(startup, memory, points, opened, checks.calls)


def _closed(
    servers: dict[str, ServerProcess], generator: Generator, in_flight: int, calls: float
) -> Point:
    # As many calls as fill each place in flight a few times over, the same number in each place.
    turns = max(round(calls / in_flight), 4)
    address = servers["orc1"].address
    return _point(servers, lambda: generator.closed(address, in_flight, turns * in_flight))


def _point(servers: dict[str, ServerProcess], put_load: Callable[[], Load]) -> Point:
    before = {role: cpu_seconds(server) for role, server in servers.items()}
    load = put_load()
    calls = len(load.latencies)
    cpu = {
        role: (cpu_seconds(server) - before[role]) / calls * 1e6 for role, server in servers.items()
    }
    return Point(calls, load.rate, percentiles(load.latencies), cpu)


def arrivals(rate: float, seconds: float, seed: int) -> list[float]:
    """Moments of independent callers' calls (Poisson), in seconds from the start."""
    random_ = random.Random(seed)  # noqa: S311
    moments, at = [], 0.0
    while at < seconds:
        moments.append(at)
        at += random_.expovariate(rate)
    return moments
