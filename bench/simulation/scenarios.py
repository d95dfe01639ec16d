"""What a fault does to goodput, with and without what this project does about it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from random import Random

import simpy

from bench.simulation.callers import Callers, Policy, Record
from bench.simulation.choice import Ejection, RoundRobin
from bench.simulation.server import Code, Condition, Profile, Server

Records = Mapping[str, Mapping[str, Record]]
"""What became of the calls, by the scenario's and the variant's names."""

SEED = 15
"""The seed of all randomness."""

SECONDS = 60
"""How long each run lasts, in simulated time."""

# A call takes a hundred times the processor time that it takes at a hop on `wire`, and there are
# fewer calls and slots by as much: what counts is their ratio to the core.
_PROCESSOR = 0.003
_RATE_OF_A_CORE = 1 / _PROCESSOR
_SLOTS = 100
_TIMEOUT = 1.0

_OURS = Policy(timeout=_TIMEOUT, attempts=3, retried=frozenset({Code.UNAVAILABLE}), tokens=1000.0)
_NO_RETRIES = Policy(timeout=_TIMEOUT)
_EAGER = Policy(
    timeout=_TIMEOUT,
    attempts=3,
    retried=frozenset(Code) - {Code.OK},
    each_attempt=True,
)
_SOUND = Profile(processor=_PROCESSOR, slots=_SLOTS)
_CARELESS = Profile(processor=_PROCESSOR, gives_up=False)

Fault = Callable[[bool, list[Server]], None]
"""Changes the servers. Is told each second whether there is trouble."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One way to meet a fault.

    Attributes:
        policy: of the callers.
        profile: of the servers.
        ejection: of the callers. None for none.
        noticed_after: seconds until callers know that a server is silent.
    """

    policy: Policy = _OURS
    profile: Profile = _SOUND
    ejection: Ejection | None = None
    noticed_after: float = 1.0


@dataclass(frozen=True, slots=True)
class Scenario:
    """A fault, and the ways to meet it.

    Attributes:
        title: what happens.
        during: the seconds of it.
        servers: how many there are.
        load: share of all servers' capacity asked of them.
        fault: what happens, and when.
        variants: by their names.
        shows_attempts: whether its plot is of the attempts. Else it is of the calls with OK.
    """

    title: str
    during: range
    servers: int
    load: float
    fault: Fault
    variants: Mapping[str, Variant]
    shows_attempts: bool = False


def run(scenario: Scenario, variant: Variant, seconds: int = SECONDS) -> Record:
    """Simulates one way to meet a fault. The same scenario gives the same record each time."""
    environment = simpy.Environment()
    random = Random(SEED)  # noqa: S311  # no secret
    servers = [Server(environment, variant.profile, random) for _ in range(scenario.servers)]
    choice = RoundRobin(
        environment, servers, noticed_after=variant.noticed_after, ejection=variant.ejection
    )
    callers = Callers(environment, choice, variant.policy, random)
    rate = scenario.load * scenario.servers * _RATE_OF_A_CORE
    environment.process(callers.run(rate))
    for second in range(seconds):
        scenario.fault(second in scenario.during, servers)
        environment.run(until=second + 1)
    return callers.record


def run_all() -> Records:
    """Simulates each variant of each scenario."""
    return {
        name: {variant: run(scenario, what) for variant, what in scenario.variants.items()}
        for name, scenario in SCENARIOS.items()
    }


def _slow_replica(trouble: bool, servers: list[Server]) -> None:  # noqa: FBT001
    servers[0].slowness = 20.0 if trouble else 1.0


def _lost_zone(trouble: bool, servers: list[Server]) -> None:  # noqa: FBT001
    for server in servers[: len(servers) // 3]:
        server.condition = Condition.SILENT if trouble else Condition.SOUND


def _slow_spell(trouble: bool, servers: list[Server]) -> None:  # noqa: FBT001
    for server in servers:
        server.slowness = 2.0 if trouble else 1.0


def _broken(trouble: bool, servers: list[Server]) -> None:  # noqa: FBT001
    for server in servers:
        server.condition = Condition.DEAD if trouble else Condition.SOUND


SCENARIOS = {
    "slow_replica": Scenario(
        "One replica of ten is 20 times slower, from 10 s to 50 s",
        during=range(10, 50),
        servers=10,
        load=0.5,
        fault=_slow_replica,
        variants={
            "nothing": Variant(policy=_NO_RETRIES, profile=_CARELESS),
            "ours: retries, shedding": Variant(),
            "ours and ejection": Variant(ejection=Ejection()),
        },
    ),
    "lost_zone": Scenario(
        "A zone of three falls silent, from 10 s to 40 s",
        during=range(10, 40),
        servers=9,
        load=0.5,
        fault=_lost_zone,
        variants={
            "noticed by keepalive, after 20 s": Variant(noticed_after=20.0),
            "ours: probes, noticed after 1 s": Variant(),
        },
    ),
    "retry_storm": Scenario(
        "All replicas are twice as slow, from 10 s to 15 s",
        during=range(10, 15),
        servers=3,
        load=0.8,
        fault=_slow_spell,
        variants={
            "retries of everything": Variant(policy=_EAGER, profile=_CARELESS),
            "no retries": Variant(policy=_NO_RETRIES, profile=_CARELESS),
            "the same, late calls dropped": Variant(
                policy=_EAGER, profile=replace(_CARELESS, gives_up=True)
            ),
            "ours: only UNAVAILABLE, shedding": Variant(),
        },
    ),
    "broken": Scenario(
        "All replicas answer UNAVAILABLE, from 10 s to 30 s",
        during=range(10, 30),
        servers=3,
        load=0.8,
        fault=_broken,
        variants={
            "retries without a throttle": Variant(policy=replace(_OURS, tokens=None)),
            "ours: throttle": Variant(),
        },
        shows_attempts=True,
    ),
}
