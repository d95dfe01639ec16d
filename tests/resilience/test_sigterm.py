"""Case 8: SIGTERM with 200 calls in flight: all are answered, exit 0 within the grace."""

import asyncio
import time
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from testing.chain import NAMES, running_chain
from testing.channels import open_channel
from testing.load import burst
from testing.metrics import wait_until_in_flight
from tests.support.chain_calls import caller

CALLS = 200
TIMEOUT = 30
# Longer than the calls take to begin, shorter than the grace.
SLOW_RESPONSE = "2"
GRACE_SECONDS = 10.0
ARGUMENTS = ["--metrics-address", "127.0.0.1:0", "--grace", str(GRACE_SECONDS)]


@pytest.mark.parametrize("name", NAMES)
async def test_every_call_is_answered_before_the_exit(name: str) -> None:
    mock_data = [*ARGUMENTS, "--delay", SLOW_RESPONSE]
    with running_chain(orc1=ARGUMENTS, orc2=ARGUMENTS, mock_data=mock_data) as chain:
        async with open_channel(chain.orc1.address, "user.Orchestrator1Service") as channel:
            calls = asyncio.create_task(burst(caller(channel, TIMEOUT), CALLS))
            await asyncio.to_thread(wait_until_in_flight, chain.mock_data, CALLS)
            assert not calls.done()
            signalled = time.perf_counter()
            code = await asyncio.to_thread(chain.servers[name].stop)
            seconds = time.perf_counter() - signalled
            figures = await calls
    print(f"SIGTERM to {name}, exit {code} after {seconds:.2f} s: {figures}")
    assert figures.failed == 0
    assert code == 0
    assert seconds < GRACE_SECONDS


async def test_an_open_watch_does_not_hold_up_the_exit() -> None:
    with running_chain(mock_data=["--grace", "60"]) as chain:
        async with grpc.aio.insecure_channel(chain.mock_data.address) as channel:
            request = health_pb2.HealthCheckRequest(service="user.MockUserDataService")
            stub: Any = health_pb2_grpc.HealthStub(channel)
            statuses = aiter(stub.Watch(request, timeout=TIMEOUT))
            assert (await anext(statuses)).status == health_pb2.HealthCheckResponse.SERVING
            signalled = time.perf_counter()
            code = await asyncio.to_thread(chain.mock_data.stop)
            seconds = time.perf_counter() - signalled
            last = [response.status async for response in statuses]
    print(f"SIGTERM with an open Watch: exit {code} after {seconds:.2f} s")
    assert last == [health_pb2.HealthCheckResponse.NOT_SERVING]
    assert code == 0
    assert seconds < GRACE_SECONDS
