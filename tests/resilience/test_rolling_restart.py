"""Case 1: each replica is drained and restarted in turn, and no call fails."""

import asyncio

import grpc
import pytest

from testing.channels import open_channel
from testing.load import steady_load
from testing.waiting import eventually
from tests.support.chain_calls import caller, mock_data_caller
from tests.support.replicas import ReplicatedChain, replicas, replicated_chain

IN_FLIGHT = 64
# The load is then waiting calls, not a busy machine: IN_FLIGHT / SLOW_ANSWER calls a second.
SLOW_RESPONSE = 0.1
SETTLED_SECONDS = 0.5
RESTARTS, CALLS_BETWEEN = 5, 1000


async def restart_each(chain: ReplicatedChain) -> list[int]:
    codes = []
    for replica in (*chain.orc2, *chain.mock_data):
        codes.append(await replica.restart())
        await asyncio.sleep(SETTLED_SECONDS)
    return codes


@pytest.mark.parametrize("drain_delay", ["0", "0.5"])
async def test_no_call_fails(drain_delay: str) -> None:
    drain = ["--drain-delay", drain_delay]
    with replicated_chain(orc2=drain, mock_data=[*drain, "--delay", str(SLOW_RESPONSE)]) as chain:
        channel = open_channel(chain.orc1.address, "user.Orchestrator1Service")
        async with channel, steady_load(caller(channel, timeout=20), IN_FLIGHT) as figures:
            codes = await restart_each(chain)
    print(f"rolling restart, drain delay {drain_delay} s: {figures}")
    assert codes == [0, 0, 0, 0]
    assert figures.failed == 0


# At full speed, and slow enough for calls to be in flight at the server's SIGTERM.
@pytest.mark.parametrize("delay", ["0", "0.05"])
async def test_no_call_fails_of_a_caller_that_does_not_watch_health(delay: str) -> None:
    with replicas("services/mock_data", 1, "--delay", delay) as (mock_data,):
        # Without a service config: no health checks, no retries.
        channel = grpc.aio.insecure_channel(mock_data.address)
        async with (
            channel,
            steady_load(mock_data_caller(channel, timeout=20), IN_FLIGHT) as figures,
        ):
            for _ in range(RESTARTS):
                enough = figures.calls + CALLS_BETWEEN
                await eventually(lambda: figures.calls >= enough, "calls are answered")  # noqa: B023
                assert await mock_data.restart() == 0
    print(f"restarts without health checks, responses after {delay} s: {figures}")
    assert figures.failed == 0
