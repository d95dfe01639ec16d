"""Case 6, too: a path that is not UTF-8. After it later versions of grpc.aio accept no calls."""

import asyncio

from rpc.core.address import split_host_port

import pytest

from testing.chain import NAMES, running_chain
from testing.channels import open_channel
from testing.load import burst
from testing.metrics import wait_until_in_flight
from testing.processes import ServerProcess
from testing.waiting import LIMIT_SECONDS, eventually
from tests.support.chain_calls import caller
from tests.support.malformed import call_of_path

IN_FLIGHT = 64
# Longer than it takes to begin the calls and to send one of these paths.
SLOW_RESPONSE = "1"
NOT_UTF8 = b"/user.MockUserDataService/\xff\xfe"
REPEATED = 3
# What grpc.aio logs once it has answered the call (docs/grpcio.md, "A path that is not UTF-8").
MET = "Unexpected [UnicodeDecodeError]"


def times_met(server: ServerProcess) -> int:
    return sum(line["event"].startswith(MET) for line in server.log())


async def send_path(server: ServerProcess) -> None:
    """Sends one call with a non-UTF-8 path, and waits until the server has dealt with it."""
    before = times_met(server)
    _, writer = await asyncio.open_connection(*split_host_port(server.address))
    writer.write(call_of_path(NOT_UTF8))
    await writer.drain()
    await eventually(lambda: times_met(server) > before, "the server has met it")
    writer.close()


@pytest.mark.parametrize("name", NAMES)
async def test_calls_in_flight_and_later_ones_get_their_response(name: str) -> None:
    arguments = ["--metrics-address", "127.0.0.1:0", "--grace", "10"]
    mock_data = [*arguments, "--delay", SLOW_RESPONSE]
    with running_chain(orc1=arguments, orc2=arguments, mock_data=mock_data) as chain:
        server = chain.servers[name]
        async with open_channel(chain.orc1.address, "user.Orchestrator1Service") as channel:
            call = caller(channel, LIMIT_SECONDS)
            calls = asyncio.create_task(burst(call, IN_FLIGHT))
            await asyncio.to_thread(wait_until_in_flight, chain.mock_data, IN_FLIGHT)
            await send_path(server)
            assert not calls.done()
            accepted = await calls
            later = await burst(call, 1)
            for _ in range(REPEATED):
                await send_path(server)
                await later.record(call)
        code = await asyncio.to_thread(server.stop)
    print(f"{name}: accepted before: {accepted}")
    print(f"{name}: {later.calls} after: {later}")
    assert (accepted.failed, later.failed, code) == (0, 0, 0)
