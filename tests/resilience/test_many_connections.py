"""More calls than one server can begin, over many connections."""

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc

from testing.chain import running_chain
from testing.channels import OWN_CONNECTION
from testing.metrics import metric
from testing.processes import ServerProcess, running
from testing.waiting import eventually, wait_until
from tests.resilience.raw_load import MOCK_DATA, Load, raw_load
from tests.support.chain_calls import mock_data_caller

HEALTH_SECONDS = 1.0
CHECKS, REFUSALS, TIMEOUT = 20, 20, 20
PEAK = Load(connections=8, in_flight=16)
FLOOD = Load(connections=20, in_flight=900)
OVERLOADS = {
    "10 connections": Load(connections=10, in_flight=600),
    "300 connections": Load(connections=300, in_flight=20),
    "800 connections": Load(connections=800, in_flight=7),
}
LOOK_REFUSALS = 20_000
ORC1 = b"/user.Orchestrator1Service/GetUserByName"


def check(server: ServerProcess) -> float:
    """Seconds of a health check, on its own connection like a probe's."""
    begun = time.perf_counter()
    with grpc.insecure_channel(server.address, OWN_CONNECTION) as channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)
        response = stub.Check(health_pb2.HealthCheckRequest(), timeout=TIMEOUT, wait_for_ready=True)
    assert response.status == health_pb2.HealthCheckResponse.SERVING
    return time.perf_counter() - begun


@pytest.mark.parametrize("name", OVERLOADS)
def test_health_responds_within_a_second(name: str) -> None:
    with (
        running("services/mock_data") as server,
        raw_load(server.address, OVERLOADS[name]) as counts,
    ):
        seconds = sorted(check(server) for _ in range(CHECKS))
        print(
            f"{name}: slowest check {seconds[-1] * 1000:.0f} ms, median"
            f" {seconds[CHECKS // 2] * 1000:.0f} ms,"
            f" {counts.answered} answered, {counts.refused} refused"
        )
    assert seconds[-1] < HEALTH_SECONDS


def processor_seconds(server: ServerProcess) -> float:
    """Processor time of its event loop so far."""
    spent = Path(f"/proc/{server.pid}/schedstat").read_text(encoding="ascii").split()[0]
    return int(spent) / 1e9


def cost(
    servers: Sequence[ServerProcess], load: Load, look_responses: int
) -> tuple[list[float], float]:
    """Seconds of processor time of each server for a response, and refused calls for each."""
    with raw_load(servers[0].address, load) as counts:
        before = [processor_seconds(server) for server in servers]
        answered, refused = counts.answered, counts.refused
        wait_until(lambda: counts.answered > answered + look_responses, "so many are answered")
        if load.in_flight == FLOOD.in_flight:
            wait_until(lambda: counts.refused > refused + LOOK_REFUSALS, "so many are refused")
        responses = counts.answered - answered
        spent = [
            processor_seconds(server) - begun for server, begun in zip(servers, before, strict=True)
        ]
        return [seconds / responses for seconds in spent], (counts.refused - refused) / responses


def one_server(stack: ExitStack) -> Sequence[ServerProcess]:
    return [stack.enter_context(running("services/mock_data"))]


def whole_chain(stack: ExitStack) -> Sequence[ServerProcess]:
    return list(stack.enter_context(running_chain()).servers.values())


@pytest.mark.parametrize(
    ("start", "method", "look", "most"),
    [(one_server, MOCK_DATA, 20_000, 0.4), (whole_chain, ORC1, 5_000, 0.2)],
    ids=["at mock_data", "at the chain"],
)
def test_refusing_costs_far_less_than_responding(
    start: Callable[[ExitStack], Sequence[ServerProcess]], method: bytes, look: int, most: float
) -> None:
    with ExitStack() as stack:
        servers = start(stack)
        responding, _ = cost(servers, replace(PEAK, method=method), look)
        both, refused = cost(servers, replace(FLOOD, method=method), look)
    # The first server refuses, whichever spend time on a response.
    part = (both[0] - responding[0]) / refused / sum(responding)
    # Of three calls as many are answered as there is time for beside the refusals.
    left = (1 - 3 * part) / (1 - part)
    print(
        f"a response {sum(responding) * 1e6:.1f} us, {refused:.1f} refusals for each, a refusal"
        f" {part:.3f} of a response: at three times the calls {left:.2f} of the responses"
    )
    assert part < most


@pytest.mark.parametrize(
    ("limit", "said", "why"),
    [
        (("--max-wait", "0.001"), "waited too long", "--max-wait"),
        (("--max-concurrent-rpcs", "1", "--delay", "0.01"), "1 calls at once", "no slot of"),
    ],
    ids=["late", "without a slot"],
)
async def test_a_refused_call_gets_a_retry_time(
    limit: tuple[str, ...], said: str, why: str
) -> None:
    with (
        running("services/mock_data", *limit, "--metrics-address", "127.0.0.1:0") as server,
        raw_load(server.address, OVERLOADS["10 connections"]),
    ):
        async with grpc.aio.insecure_channel(server.address, OWN_CONNECTION) as channel:
            call = mock_data_caller(channel, TIMEOUT)
            # A connection's first call is begun before it is refused. The next ones are not.
            for error in [await _refusal(call) for _ in range(REFUSALS)]:
                assert said in (error.details() or "")
                assert_it_says_when(error)
        await eventually(lambda: metric(server, "grpc_server_call_shed_total") > 0, "it is counted")
        assert any(why in line["why"] for line in server.log() if line["event"] == "calls shed")


def assert_it_says_when(error: grpc.aio.AioRpcError) -> None:
    """Checks for the time to wait, in both forms."""
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    trailers = dict(error.trailing_metadata())
    assert trailers["grpc-retry-pushback-ms"] == "1000"
    status = status_pb2.Status.FromString(trailers["grpc-status-details-bin"])
    info = error_details_pb2.RetryInfo()
    assert status.details[0].Unpack(info)
    assert info.retry_delay.ToSeconds() == 1


async def _refusal(call: Any) -> grpc.aio.AioRpcError:
    while True:
        try:
            await call()
        except grpc.aio.AioRpcError as error:
            return error
