"""Case 9: servers end their callers' connections from time to time, without losing a call."""

import grpc

from testing.chain import running_chain
from testing.channels import OWN_CONNECTION
from testing.load import steady_load
from testing.processes import ServerProcess
from testing.waiting import eventually
from tests.support.chain_calls import caller

AGE = ["--max-connection-age", "0.5"]
SLOW_RESPONSE = "0.1"
IN_FLIGHT = 64
GENERATIONS = 4


def connections(server: ServerProcess) -> int:
    """The number of connections with calls."""
    return len({line["peer"] for line in server.calls()})


async def test_no_call_fails() -> None:
    with running_chain(orc1=AGE, orc2=AGE, mock_data=[*AGE, "--delay", SLOW_RESPONSE]) as chain:
        # No retries here: they would hide a lost call.
        channel = grpc.aio.insecure_channel(chain.orc1.address, OWN_CONNECTION)
        async with channel, steady_load(caller(channel, timeout=20), IN_FLIGHT) as figures:
            for server in chain.servers.values():
                await eventually(
                    lambda server=server: connections(server) >= GENERATIONS,  # type: ignore[misc]
                    f"its callers have connected {GENERATIONS} times",
                )
    print(f"connections of 0.5 s: {figures}")
    assert figures.failed == 0
