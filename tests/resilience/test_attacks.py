"""Attacks on a server of 256 MiB, with honest callers beside them.

Each honest call is answered. Its p99 stays within five times its own before the attack, or
within `SLACK_SECONDS` if more: a busy machine sometimes takes as long. A stream opened before
the attack survives it.
"""

import asyncio
import resource
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from testing.chain import running_chain
from testing.channels import OWN_CONNECTION
from testing.load import Figures, steady_load
from testing.metrics import metric
from testing.processes import ServerProcess, running
from testing.runfiles import command_line
from testing.transports import transport
from testing.waiting import eventually, wait_until
from tests.resilience import attacks
from tests.resilience.attacks import attacking
from tests.support.chain_calls import caller, mock_data_caller
from tests.support.client import CLIENT

MEMORY = 256 * 1024 * 1024
HONEST = 4
TIMEOUT = 20
BEFORE_SECONDS, ATTACK_SECONDS = 1.0, 4.0
SLOWER, SLACK_SECONDS = 5, 0.5
GRACE = 60
JOBS = 64
_QUIET: Any = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}

# gRPC's core answers every PING and every reset, however long they go on: docs/reliability.md.
ON_WIRE = {
    "rapid reset": attacks.RAPID_RESET,
    "PING": attacks.PINGS,
    "unknown frames": attacks.UNKNOWN_FRAMES,
}
ON_BOTH = {
    "responses that nobody reads": attacks.RESPONSES_UNREAD,
    "HPACK bomb": attacks.HPACK,
    "idle connections": attacks.IDLE,
    "health Watches": attacks.WATCHES,
    "silent calls": attacks.SILENT_CALLS,
    "silent streams": attacks.SILENT_STREAMS,
}
ATTACKS = ON_BOTH | ON_WIRE if transport() == "wire" else ON_BOTH


def bound(server: ServerProcess) -> None:
    """Limits a server's memory to a pod's."""
    resource.prlimit(server.pid, resource.RLIMIT_DATA, (MEMORY, MEMORY))


def peak(server: ServerProcess) -> int:
    """The peak of resident bytes."""
    lines = Path(f"/proc/{server.pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


async def load_for(channel: grpc.aio.Channel, seconds: float) -> Figures:
    async with steady_load(mock_data_caller(channel, TIMEOUT), HONEST) as figures:
        await asyncio.sleep(seconds)
    return figures


def look(figures: Figures, before: Figures, server: ServerProcess) -> None:
    """Checks the measured values against the promises."""
    print(f"before: {before.line}; beside the attack: {figures}")
    print(f"p99 {before.percentile(0.99) * 1000:.0f} and {figures.percentile(0.99) * 1000:.0f} ms")
    print(f"peak {peak(server) / 1e6:.0f} MB")
    assert server.process.poll() is None, "the server has ended"
    assert before.failed == figures.failed == 0
    assert figures.percentile(0.99) < max(SLOWER * before.percentile(0.99), SLACK_SECONDS)
    assert peak(server) < MEMORY


@pytest.mark.parametrize("name", ATTACKS)
async def test_honest_callers_beside_an_attack(name: str) -> None:
    attack = ATTACKS[name]
    with running("services/mock_data", "--metrics-address", "127.0.0.1:0") as server:
        bound(server)
        async with grpc.aio.insecure_channel(server.address, OWN_CONNECTION) as channel:
            stub: Any = health_pb2_grpc.HealthStub(channel)
            watch = stub.Watch(health_pb2.HealthCheckRequest())
            assert (await watch.read()).status == health_pb2.HealthCheckResponse.SERVING
            before = await load_for(channel, BEFORE_SECONDS)
            with attacking(server.address, attack):
                figures = await load_for(channel, ATTACK_SECONDS)
                look(figures, before, server)
                if attack.is_abuse:
                    _is_counted(server)
            assert not watch.done()


def _is_counted(server: ServerProcess) -> None:
    name, cause = "grpc_server_connections_turned_away_total", "enhance_your_calm"
    wait_until(lambda: metric(server, name, cause=cause) > 0, "the abuser is turned away")
    (line,) = (line for line in server.log() if line["event"] == "connection turned away")
    assert (line["level"], line["cause"]) == ("warning", cause)
    assert line["peer"].startswith("ipv4:127.0.0.1:")


async def test_large_names_of_the_client(tmp_path: Path) -> None:
    names = tmp_path / "names"
    names.write_bytes(b"\n".join([b"x" * 3_900_000] * JOBS))
    with running_chain() as chain:
        bound(chain.orc1)
        async with grpc.aio.insecure_channel(chain.orc1.address, OWN_CONNECTION) as channel:
            call = caller(channel, TIMEOUT)
            async with steady_load(call, HONEST) as before:
                await asyncio.sleep(BEFORE_SECONDS)
            async with steady_load(call, HONEST) as figures:
                with asking(chain.orc1.address, names):
                    await asyncio.sleep(ATTACK_SECONDS)
            assert refused(chain.orc1) > 0
        look(figures, before, chain.orc1)


@contextmanager
def asking(address: str, names: Path) -> Iterator[None]:
    """Runs the client. It takes time to show the result for such names."""
    options = ("--target", address, "--jobs", str(JOBS), "--timeout", str(TIMEOUT), "-n", "-")
    with (
        names.open("rb") as stdin,
        subprocess.Popen([*command_line(CLIENT), *options], stdin=stdin, **_QUIET) as client,
    ):
        yield
        client.kill()


def refused(server: ServerProcess) -> int:
    # gRPC's core answers before the log hears of it, and cancels the call.
    return sum(line["code"] in {"RESOURCE_EXHAUSTED", "CANCELLED"} for line in server.calls())


async def test_a_slot_is_held_until_the_response_is_taken() -> None:
    limit = ("--max-concurrent-rpcs", "1")
    with running("services/mock_data", *limit) as server:
        async with grpc.aio.insecure_channel(server.address, OWN_CONNECTION) as channel:
            call = mock_data_caller(channel, TIMEOUT)
            with attacking(server.address, attacks.UNREAD_AT_THE_END):
                await eventually(lambda: bool(server.calls()), "the response is ready")
                await _code_of(call, grpc.StatusCode.RESOURCE_EXHAUSTED)
            await _code_of(call, grpc.StatusCode.OK)


async def _code_of(call: Any, wanted: grpc.StatusCode) -> None:
    """Calls until one ends with the code."""
    async with asyncio.timeout(TIMEOUT):
        code = None
        while code is not wanted:
            code = grpc.StatusCode.OK
            try:
                await call()
            except grpc.aio.AioRpcError as error:
                code = error.code()


def test_open_calls_do_not_hold_the_exit() -> None:
    with (
        running("services/mock_data", "--grace", str(GRACE)) as server,
        attacking(server.address, attacks.OPEN_AT_THE_END),
    ):
        seconds = seconds_to_exit(server)
    print(f"exit after {seconds:.1f} s")
    assert seconds < GRACE / 4


def test_a_response_that_nobody_takes_does_not_hold_the_exit() -> None:
    with (
        running("services/mock_data", "--grace", str(GRACE)) as server,
        attacking(server.address, attacks.UNREAD_AT_THE_END),
    ):
        wait_until(lambda: bool(server.calls()), "the response is ready")
        seconds = seconds_to_exit(server)
    print(f"exit after {seconds:.1f} s")
    assert seconds < GRACE / 4


def seconds_to_exit(server: ServerProcess) -> float:
    with grpc.insecure_channel(server.address, OWN_CONNECTION) as channel:
        # Octets sent earlier on other connections have arrived by then.
        stub: Any = health_pb2_grpc.HealthStub(channel)
        stub.Check(health_pb2.HealthCheckRequest(), timeout=TIMEOUT)
    begun = time.monotonic()
    server.signal(signal.SIGTERM)
    assert server.wait(GRACE) == 0
    return time.monotonic() - begun
