"""Case 10: steady load for a minute, or for SOAK_SECONDS. Memory and descriptors stay flat.

The first quarter warms up: allocators and thread pools grow to the size of the load.
Then a server takes as much in the second quarter as in the last.
"""

import asyncio
import os
from statistics import median

from testing.chain import Chain, running_chain
from testing.channels import open_channel
from testing.load import steady_load
from tests.support.chain_calls import caller
from tests.support.footprint import Footprint, footprint

SECONDS = float(os.environ.get("SOAK_SECONDS", "60"))
SAMPLES = 60
IN_FLIGHT, SLOW_RESPONSE = 32, "0.1"
TIMEOUT = 20
# A minute's 10,000 calls between the quarters show a leak of 400 bytes a call.
MEMORY_SLACK_MB = 4.0
DESCRIPTOR_SLACK = THREAD_SLACK = 2

History = dict[str, list[Footprint]]


async def watch(chain: Chain) -> History:
    """Each server's footprint, sampled evenly over the time."""
    history: History = {name: [] for name in chain.servers}
    for _ in range(SAMPLES):
        await asyncio.sleep(SECONDS / SAMPLES)
        for name, server in chain.servers.items():
            history[name].append(footprint(server))
    return history


def typical(samples: list[Footprint]) -> Footprint:
    """The median of each figure."""
    return Footprint(
        int(median(sample.descriptors for sample in samples)),
        int(median(sample.threads for sample in samples)),
        median(sample.megabytes for sample in samples),
    )


async def test_memory_and_descriptors_stay_flat() -> None:
    quarter = SAMPLES // 4
    metrics = ["--metrics-address", "127.0.0.1:0"]
    mock_data = [*metrics, "--delay", SLOW_RESPONSE]
    with running_chain(orc1=metrics, orc2=metrics, mock_data=mock_data) as chain:
        async with (
            open_channel(chain.orc1.address, "user.Orchestrator1Service") as channel,
            steady_load(caller(channel, TIMEOUT), IN_FLIGHT) as figures,
        ):
            history = await watch(chain)
    print(f"soak: {figures}")
    assert figures.failed == 0
    for name, samples in history.items():
        early, late = typical(samples[quarter : 2 * quarter]), typical(samples[-quarter:])
        print(f"{name}, second quarter: {early}; last quarter: {late}")
        assert late.megabytes <= early.megabytes + MEMORY_SLACK_MB
        assert late.descriptors <= early.descriptors + DESCRIPTOR_SLACK
        assert late.threads <= early.threads + THREAD_SLACK
