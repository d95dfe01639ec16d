"""One prediction of the simulator, held against the real chain.

The last hop has SLOTS slots and answers after DELAY, so that it takes SLOTS / DELAY calls a second,
whatever the machine: half as many again are asked for. The simulator says how many are answered.
"""

from functools import partial
from random import Random

import grpc
import pytest
import simpy

from bench.simulation.callers import Callers, Policy
from bench.simulation.choice import RoundRobin
from bench.simulation.server import Code, Profile, Server
from proto import user_pb2, user_pb2_grpc
from testing.chain import running_chain
from testing.channels import open_channel
from testing.load import open_load

REQUEST = user_pb2.UserName(name="krithik")
SLOTS, DELAY = 10, 0.2
RATE = 1.5 * SLOTS / DELAY
SECONDS = 10
TIMEOUT = 5.0
# A busy machine is late.
TOLERANCE = 0.1


def predicted() -> dict[str, float]:
    """Share of the calls by their code, as simulated."""
    environment, random = simpy.Environment(), Random(1)  # noqa: S311
    # The chain's own part of a call, all hops together, on grpcio.
    profile = Profile(processor=0.001, delay=DELAY, slots=SLOTS)
    choice = RoundRobin(environment, [Server(environment, profile, random)], noticed_after=1)
    callers = Callers(environment, choice, Policy(timeout=TIMEOUT), random)
    environment.process(callers.run(RATE, evenly=True))
    environment.run(until=10 * SECONDS)
    ends = callers.record.ends
    counts = {code: sum(n for (_, ended), n in ends.items() if ended is code) for code in Code}
    return {code.name: count / sum(counts.values()) for code, count in counts.items() if count}


async def test_goodput_past_the_limit_is_as_simulated() -> None:
    expected = predicted()
    few = ["--delay", str(DELAY), "--max-concurrent-rpcs", str(SLOTS)]
    with running_chain(mock_data=few) as chain:
        async with open_channel(chain.orc1.address, "user.Orchestrator1Service") as channel:
            method = user_pb2_grpc.Orchestrator1ServiceStub(channel).GetUserByName
            call = partial(method, REQUEST, timeout=TIMEOUT, wait_for_ready=True)
            figures = await open_load(call, RATE, SECONDS)
    found = {code.name: count / figures.calls for code, count in figures.codes.items()}
    print(f"simulated {expected}, found {found}")
    assert grpc.StatusCode.OK.name in found
    assert found == pytest.approx(expected, abs=TOLERANCE)
