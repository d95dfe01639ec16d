"""Case 4: a hop accepts and never answers (SIGSTOP). After SIGCONT nothing leaks."""

import signal
from functools import partial
from typing import Any

import grpc
import psutil
import pytest

from testing.chain import Chain, running_chain
from testing.channels import open_channel
from testing.load import Figures, burst
from testing.metrics import metric
from testing.processes import ServerProcess
from testing.waiting import LIMIT_SECONDS, eventually
from tests.support.chain_calls import caller
from tests.support.footprint import Footprint, footprint

METRICS = ["--metrics-address", "127.0.0.1:0"]
DEADLINE = 0.3
# The time for a status to return through three processes on a busy machine.
HOME_SECONDS = 1.0
IN_FLIGHT = 64
# An allocator keeps its pages, and gRPC its threads. Only a leak grows each round.
WARM_UP_ROUNDS, ROUNDS = 12, 12
MEMORY_SLACK_MB = 12.0
THREAD_SLACK = DESCRIPTOR_SLACK = 2
# At a hop with an upstream either may come first: its own deadline or its caller's.
ENDED_BY_DEADLINE = {"DEADLINE_EXCEEDED", "CANCELLED"}


def footprints(chain: Chain) -> dict[str, Footprint]:
    return {name: footprint(server) for name, server in chain.servers.items()}


def is_idle(server: ServerProcess) -> bool:
    """True if it has no call in flight, as server or as client."""
    return all(metric(server, f"grpc_{side}_call_in_flight") == 0 for side in ("server", "client"))


def connections(server: ServerProcess) -> int:
    """Its number of connections from callers."""
    port = int(server.address.rpartition(":")[2])
    sockets = psutil.Process(server.pid).net_connections("tcp")
    return sum(one.laddr.port == port and one.status == "ESTABLISHED" for one in sockets)


async def stop_and_go(stopped: ServerProcess, channel: grpc.aio.Channel) -> tuple[Figures, Figures]:
    """The calls made while a server is stopped, and those made after it continues."""
    stopped.signal(signal.SIGSTOP)
    unanswered = await burst(caller(channel, DEADLINE), IN_FLIGHT)
    stopped.signal(signal.SIGCONT)
    return unanswered, await burst(caller(channel, LIMIT_SECONDS), IN_FLIGHT)


def log_of_unanswered(server: ServerProcess) -> list[dict[str, Any]]:
    return [line for line in server.calls() if line["code"] != "OK"]


@pytest.mark.parametrize("hop", ["orc2", "mock_data"])
async def test_the_deadline_holds_and_nothing_leaks(hop: str) -> None:
    with running_chain(orc1=METRICS, orc2=METRICS, mock_data=METRICS) as chain:
        stopped = chain.servers[hop]
        async with open_channel(chain.orc1.address, "user.Orchestrator1Service") as channel:
            for _ in range(WARM_UP_ROUNDS):
                await stop_and_go(stopped, channel)
            before = footprints(chain)
            rounds = [await stop_and_go(stopped, channel) for _ in range(ROUNDS)]
            for name, server in chain.servers.items():
                await eventually(partial(is_idle, server), f"{name} is idle")
                assert connections(server) == 1
            after = footprints(chain)
        worst = max(unanswered.worst for unanswered, _ in rounds)
        print(f"{hop} stopped {ROUNDS} times, {IN_FLIGHT} calls each time, worst {worst:.3f} s")
        for unanswered, answered in rounds:
            assert unanswered.codes == {grpc.StatusCode.DEADLINE_EXCEEDED: IN_FLIGHT}
            assert unanswered.worst < DEADLINE + HOME_SECONDS
            assert answered.failed == 0
        for name in before:
            print(f"{name} before: {before[name]}; after: {after[name]}")
            assert after[name].descriptors <= before[name].descriptors + DESCRIPTOR_SLACK
            assert after[name].threads <= before[name].threads + THREAD_SLACK
            assert after[name].megabytes <= before[name].megabytes + MEMORY_SLACK_MB
        for server in (chain.orc1, chain.orc2):
            for line in log_of_unanswered(server):
                assert line["code"] in ENDED_BY_DEADLINE
                assert line["duration_ms"] < (DEADLINE + HOME_SECONDS) * 1000
