"""One caller has far more calls than slots, over many connections.

Another one has one at a time.
"""

import grpc

from testing.channels import OWN_CONNECTION
from testing.load import Call, Figures
from testing.processes import running
from tests.resilience.raw_load import Load, raw_load
from tests.support.chain_calls import mock_data_caller

SLOTS, SLOW_RESPONSE = 16, 0.05
GREEDY = Load(connections=10, in_flight=15, source="127.0.0.2")
# Within the time for which a server remembers its callers.
CALLS, TIMEOUT = 50, 20
MOST_REFUSED = 2


async def become_known(call: Call) -> None:
    """Calls until the one caller so far has held all slots, and one is free again."""
    first = Figures("the first calls")
    while not (first.failed and first.calls > first.failed):
        await first.record(call)


async def test_a_greedy_caller_leaves_slots_to_others() -> None:
    limit = ["--max-concurrent-rpcs", str(SLOTS), "--delay", str(SLOW_RESPONSE)]
    with running("services/mock_data", *limit) as server:
        async with grpc.aio.insecure_channel(server.address, OWN_CONNECTION) as channel:
            with raw_load(server.address, GREEDY) as greedy:
                call = mock_data_caller(channel, TIMEOUT)
                await become_known(call)
                figures = Figures("one call at a time")
                for _ in range(CALLS):
                    await figures.record(call)
                figures.end()
                print(f"{figures.line}; beside it {greedy.answered} answered")
                assert greedy.answered > CALLS
    assert figures.failed <= MOST_REFUSED
