"""One of two replicas is frozen: its connections stay, and nothing comes back."""

import asyncio
import signal

from testing.channels import open_channel
from testing.load import steady_load
from tests.support.chain_calls import caller
from tests.support.replicas import replicated_chain

IN_FLIGHT, DEADLINE = 16, 1.0
# A call and its server are silent for one interval each: 0.5 s. A busy machine adds time.
PROBE_SECONDS = 3.0
AFTER_SECONDS = 2.0
# The calls in flight, and those begun in their places during the probe.
MOST_LOST = 3 * IN_FLIGHT


async def test_it_costs_its_calls_in_flight_and_a_probe() -> None:
    with replicated_chain() as chain:
        async with open_channel(chain.orc1.address, "user.Orchestrator1Service") as channel:
            call = caller(channel, DEADLINE)
            async with steady_load(call, IN_FLIGHT) as before:
                await asyncio.sleep(0.5)
            frozen = chain.mock_data[0].server
            frozen.signal(signal.SIGSTOP)
            try:
                async with steady_load(call, IN_FLIGHT) as meanwhile:
                    await asyncio.sleep(PROBE_SECONDS)
                async with steady_load(call, IN_FLIGHT) as after:
                    await asyncio.sleep(AFTER_SECONDS)
            finally:
                frozen.signal(signal.SIGCONT)
    print(f"before: {before.line}; meanwhile: {meanwhile.line}; after: {after}")
    assert before.failed == after.failed == 0
    assert 0 < meanwhile.failed <= MOST_LOST
