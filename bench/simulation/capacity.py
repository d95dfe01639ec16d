"""How many replicas a rate of calls takes, and how long calls wait at a load."""

import math
from dataclasses import dataclass
from random import Random

import simpy

from bench.figures import percentile
from bench.simulation.callers import Callers, Policy
from bench.simulation.choice import RoundRobin
from bench.simulation.scenarios import SEED
from bench.simulation.server import Profile, Server

_SECONDS = 60.0
_PROCESSOR = 0.001
_FOR_EVER = 1e9


@dataclass(frozen=True, slots=True)
class Replicas:
    """What a rate of calls takes at a hop.

    Attributes:
        cores: number of busy cores.
        replicas: with a core each.
        after_a_loss: share of the cores in use when one zone of three is away.
    """

    cores: float
    replicas: int
    after_a_loss: float


def replicas(rate: float, processor: float, use: float, spare: int = 1) -> Replicas:
    """How many replicas a rate of calls takes.

    Args:
        rate: calls a second.
        processor: seconds of a core for a call at the hop.
        use: share of its core for a replica to use.
        spare: replicas besides, so a restart takes none of the needed ones.
    """
    cores = rate * processor
    count = math.ceil(cores / use) + spare
    return Replicas(cores, count, cores / (count * 2 / 3))


def waits(load: float) -> dict[str, float]:
    """Percentiles of how long calls take at one core, in times of what the core needs for one.

    Args:
        load: used share of the core, below 1.
    """
    environment, random = simpy.Environment(), Random(SEED)  # noqa: S311  # no secret
    server = Server(environment, Profile(processor=_PROCESSOR), random)
    choice = RoundRobin(environment, [server], noticed_after=_FOR_EVER)
    callers = Callers(environment, choice, Policy(timeout=_FOR_EVER), random)
    environment.process(callers.run(load / _PROCESSOR))
    environment.run(until=_SECONDS)
    seconds = sorted(callers.record.seconds)
    return {f"p{share}": percentile(seconds, share) / _PROCESSOR for share in (50, 99)}
