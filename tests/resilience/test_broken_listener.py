"""Case 6, too: a call's path is not UTF-8, and some versions of grpc.aio end their serving loop."""

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
# Longer than it takes to begin the calls and to break the listener.
SLOW_RESPONSE = "1"
NOT_UTF8 = b"/user.MockUserDataService/\xff\xfe"
BREAKS = 3
# Signs of it in the log: grpc.aio up to 1.83 answers the call and logs this. Later ones
# need `rpc.transports.grpcio.listener` (docs/grpcio.md, "A path that is not UTF-8").
MET = ("Unexpected [UnicodeDecodeError]", "the listener is replaced")


def times_met(server: ServerProcess) -> int:
    return sum(line["event"].startswith(MET) for line in server.log())


async def break_listener(server: ServerProcess) -> None:
    """Sends one call with a non-UTF-8 path, and waits until the server has recovered."""
    before = times_met(server)
    _, writer = await asyncio.open_connection(*split_host_port(server.address))
    writer.write(call_of_path(NOT_UTF8))
    await writer.drain()
    await eventually(lambda: times_met(server) > before, "the server has got over it")
    writer.close()


@pytest.mark.parametrize("name", NAMES)
async def test_the_server_gets_over_it_with_the_calls_that_it_has(name: str) -> None:
    arguments = ["--metrics-address", "127.0.0.1:0", "--grace", "10"]
    mock_data = [*arguments, "--delay", SLOW_RESPONSE]
    with running_chain(orc1=arguments, orc2=arguments, mock_data=mock_data) as chain:
        server = chain.servers[name]
        async with open_channel(chain.orc1.address, "user.Orchestrator1Service") as channel:
            call = caller(channel, LIMIT_SECONDS)
            calls = asyncio.create_task(burst(call, IN_FLIGHT))
            await asyncio.to_thread(wait_until_in_flight, chain.mock_data, IN_FLIGHT)
            await break_listener(server)
            assert not calls.done()
            accepted = await calls
            later = await burst(call, 1)
            for _ in range(BREAKS):
                await break_listener(server)
                await later.record(call)
        code = await asyncio.to_thread(server.stop)
    print(f"{name}: accepted before: {accepted}")
    print(f"{name}: {later.calls} after: {later}")
    assert (accepted.failed, later.failed, code) == (0, 0, 0)
