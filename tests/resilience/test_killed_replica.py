"""Case 2: `kill -9` of one replica of two, under load.

A call in flight ends with UNAVAILABLE at its caller when its process is killed. gRPC may retry
while no response has begun to arrive (gRFC A6). For a unary call this is always so.
So without retries exactly the calls in flight on the killed replica fail. With retries none does.
"""

import asyncio

import grpc
import pytest

from testing.channels import open_channel
from testing.load import burst, steady_load
from testing.metrics import metric
from testing.waiting import wait_until
from tests.support.chain_calls import caller, mock_data_caller
from tests.support.replicas import Replica, ReplicatedChain, replicas, replicated_chain, target

IN_FLIGHT = 64
# The load is waiting calls, not a busy machine: IN_FLIGHT / SLOW_ANSWER calls a second.
SLOW_RESPONSE = "0.2"
# Long enough for every call to be in flight when the replica is killed.
OUTLASTS_THE_KILL = "3"
# Each failure costs one of 1000 tokens, and a retry needs more than half of them.
RETRIED_AT_ONCE = 499
METRICS = ["--metrics-address", "127.0.0.1:0"]
TIMEOUT = 20


def in_flight(replica: Replica) -> int:
    return int(metric(replica.server, "grpc_server_call_in_flight"))


def kill_once_in_flight(members: list[Replica], calls: int) -> int:
    """Kills the busiest replica at this many calls in flight. Returns its count."""
    wait_until(lambda: sum(map(in_flight, members)) == calls, f"{calls} calls are in flight")
    busiest = max(members, key=in_flight)
    lost = in_flight(busiest)
    busiest.kill()
    return lost


async def test_without_retries_exactly_the_calls_on_it_fail() -> None:
    options = [
        ("grpc.enable_retries", 0),
        ("grpc.service_config", '{"loadBalancingConfig": [{"round_robin": {}}]}'),
    ]
    with replicas("services/mock_data", 2, "--delay", OUTLASTS_THE_KILL, *METRICS) as members:
        async with grpc.aio.insecure_channel(target(members), options=options) as channel:
            calls = asyncio.create_task(burst(mock_data_caller(channel, TIMEOUT), IN_FLIGHT))
            lost = await asyncio.to_thread(kill_once_in_flight, members, IN_FLIGHT)
            figures = await calls
    print(f"kill -9 with {lost} calls on the replica, no retries: {figures}")
    assert figures.codes[grpc.StatusCode.UNAVAILABLE] == figures.failed == lost > 0


@pytest.mark.parametrize(("calls", "failing"), [(RETRIED_AT_ONCE, 0), (600, 600 - RETRIED_AT_ONCE)])
async def test_so_many_are_retried_at_once(calls: int, failing: int) -> None:
    with replicas("services/mock_data", 1, "--delay", OUTLASTS_THE_KILL, *METRICS) as members:
        async with open_channel(target(members), "user.MockUserDataService") as channel:
            done = asyncio.create_task(burst(mock_data_caller(channel, TIMEOUT), calls))
            lost = await asyncio.to_thread(kill_once_in_flight, members, calls)
            await asyncio.to_thread(members[0].start)
            figures = await done
    print(f"kill -9 with {lost} calls on the only replica, then started again: {figures}")
    assert figures.codes[grpc.StatusCode.UNAVAILABLE] == figures.failed == failing


def replica_of(chain: ReplicatedChain, hop: str) -> Replica:
    return {"orc2": chain.orc2, "mock_data": chain.mock_data}[hop][0]


@pytest.mark.parametrize("hop", ["orc2", "mock_data"])
async def test_the_client_of_the_chain_sees_no_error(hop: str) -> None:
    mock_data = ["--delay", SLOW_RESPONSE, *METRICS]
    with replicated_chain(orc2=METRICS, mock_data=mock_data) as chain:
        async with (
            open_channel(chain.orc1.address, "user.Orchestrator1Service") as channel,
            steady_load(caller(channel, TIMEOUT), IN_FLIGHT) as figures,
        ):
            replica = replica_of(chain, hop)
            await asyncio.sleep(1)
            lost = await asyncio.to_thread(in_flight, replica)
            await asyncio.to_thread(replica.kill)
            await asyncio.sleep(1)
            await asyncio.to_thread(replica.start)
            await asyncio.sleep(1)
            returned = await asyncio.to_thread(in_flight, replica)
    print(f"kill -9 of one {hop} with about {lost} calls on it: {figures}")
    assert lost > 0
    assert returned > 0, "the replica that came back gets no calls"
    assert figures.failed == 0
