"""Case 5: ten times the capacity for 10 s.

Waiting limits the capacity to MAX_CONCURRENT_RPCS / SLOW_ANSWER calls a second. So the test
measures the shedding and not the machine.
"""

import asyncio
from typing import Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from testing.chain import running_chain
from testing.channels import open_channel
from testing.load import Figures, burst, open_load, steady_load
from tests.support.chain_calls import caller

SLOW_RESPONSE = 1.0
MAX_CONCURRENT_RPCS = 10
CAPACITY = MAX_CONCURRENT_RPCS / SLOW_RESPONSE
PEAK_SECONDS, OVERLOAD_SECONDS = 3.0, 10.0
TIMEOUT = 60
# Calls queued for 10 s at ten times the capacity would wait for 90 s.
P99_LIMIT = 5 * SLOW_RESPONSE
HEALTH_LIMIT = 5.0
# Four times a server's default limit.
BURST = 4000


async def peak_of(channel: grpc.aio.Channel) -> Figures:
    async with steady_load(caller(channel, TIMEOUT), MAX_CONCURRENT_RPCS) as figures:
        await asyncio.sleep(PEAK_SECONDS)
    return figures


async def health_of(channel: grpc.aio.Channel, responses: list[int]) -> None:
    stub: Any = health_pb2_grpc.HealthStub(channel)
    while True:
        response = await stub.Check(health_pb2.HealthCheckRequest(), timeout=HEALTH_LIMIT)
        responses.append(response.status)
        await asyncio.sleep(0.1)


async def test_accepted_calls_stay_fast_and_the_rest_are_refused() -> None:
    limit = ["--max-concurrent-rpcs", str(MAX_CONCURRENT_RPCS)]
    with running_chain(orc1=limit, mock_data=["--delay", str(SLOW_RESPONSE)]) as chain:
        async with (
            open_channel(chain.orc1.address, "user.Orchestrator1Service") as channel,
            grpc.aio.insecure_channel(chain.orc1.address) as prober,
        ):
            peak = await peak_of(channel)
            health: list[int] = []
            checking = asyncio.create_task(health_of(prober, health))
            overload = await open_load(caller(channel, TIMEOUT), 10 * CAPACITY, OVERLOAD_SECONDS)
            assert not checking.done(), f"a health check failed: {checking.exception()}"
            checking.cancel()
    print(f"peak: {peak.line}, {peak.answered_per_second:.1f} responses/s")
    print(f"overload: {overload.line}, {overload.answered_per_second:.1f} responses/s")
    print(f"p99 of accepted calls {overload.percentile(0.99) * 1000:.0f} ms")
    worst_refusal = max(overload.latencies[grpc.StatusCode.RESOURCE_EXHAUSTED])
    print(f"slowest refusal {worst_refusal * 1000:.0f} ms, {len(health)} health checks")
    assert set(overload.codes) == {grpc.StatusCode.OK, grpc.StatusCode.RESOURCE_EXHAUSTED}
    assert overload.percentile(0.99) < P99_LIMIT
    assert overload.answered_per_second > 0.8 * peak.answered_per_second
    assert set(health) == {health_pb2.HealthCheckResponse.SERVING}


async def test_a_burst_is_answered_or_refused() -> None:
    with running_chain() as chain:
        async with open_channel(chain.orc1.address, "user.Orchestrator1Service") as channel:
            figures = await burst(caller(channel, TIMEOUT), BURST)
    print(f"burst: {figures.line}")
    assert set(figures.codes) <= {grpc.StatusCode.OK, grpc.StatusCode.RESOURCE_EXHAUSTED}
