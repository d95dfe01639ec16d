"""Case 3: every replica of one hop is gone for 3 s, then back.

Calls with a longer deadline succeed. The others end at their deadline. None hangs.
"""

import asyncio
import time

import grpc
import pytest

from testing.channels import open_channel
from testing.load import Figures, steady_load
from testing.waiting import eventually
from tests.support.chain_calls import caller
from tests.support.replicas import Replica, ReplicatedChain, replicated_chain

GONE_SECONDS = 3.0
IN_FLIGHT = 32
# Keeps each load below a few hundred calls a second.
SLOW_RESPONSE = "0.1"
PATIENT, IMPATIENT = 20.0, 1.0
# The time for a status to return through three processes on a busy machine.
HOME_SECONDS = 1.0
RECOVERY_SECONDS = 1.0
REFUSALS = {grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.UNAVAILABLE}


async def take_away(replicas: list[Replica]) -> None:
    for replica in replicas:
        await asyncio.to_thread(replica.kill)
    await asyncio.sleep(GONE_SECONDS)


async def bring_back(replicas: list[Replica], figures: Figures) -> float:
    """Starts the replicas again. Returns the seconds from the first start to the first response."""
    await asyncio.to_thread(replicas[0].start)
    returned = time.perf_counter()
    answered = figures.codes[grpc.StatusCode.OK]
    await eventually(lambda: figures.codes[grpc.StatusCode.OK] > answered, "a call is answered")
    recovery = time.perf_counter() - returned
    for replica in replicas[1:]:
        await asyncio.to_thread(replica.start)
    return recovery


def hop_of(chain: ReplicatedChain, hop: str) -> list[Replica]:
    return {"orc2": chain.orc2, "mock_data": chain.mock_data}[hop]


@pytest.mark.parametrize("hop", ["orc2", "mock_data"])
async def test_calls_wait_for_its_return_within_their_deadline(hop: str) -> None:
    with replicated_chain(mock_data=["--delay", SLOW_RESPONSE]) as chain:
        replicas = hop_of(chain, hop)
        async with open_channel(chain.orc1.address, "user.Orchestrator1Service") as channel:
            async with (
                steady_load(caller(channel, PATIENT), IN_FLIGHT) as patient,
                steady_load(caller(channel, IMPATIENT), IN_FLIGHT) as impatient,
            ):
                await asyncio.sleep(1)
                await take_away(replicas)
                recovery = await bring_back(replicas, patient)
            async with steady_load(caller(channel, IMPATIENT), IN_FLIGHT) as afterwards:
                await asyncio.sleep(1)
    print(f"{hop} gone for {GONE_SECONDS} s, deadline {PATIENT} s: {patient}")
    print(f"{hop} gone for {GONE_SECONDS} s, deadline {IMPATIENT} s: {impatient}")
    print(f"first response {recovery * 1000:.0f} ms after the return; afterwards: {afterwards}")
    assert patient.failed == 0
    assert patient.worst > GONE_SECONDS, "no call waited: the hop was not gone"
    assert impatient.failed >= IN_FLIGHT
    assert set(impatient.codes) - {grpc.StatusCode.OK} <= REFUSALS
    assert impatient.worst < IMPATIENT + HOME_SECONDS
    assert recovery < RECOVERY_SECONDS
    assert afterwards.failed == 0
