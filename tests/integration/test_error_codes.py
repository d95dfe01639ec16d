"""Both sides of every program serve on after GOAWAY and RST_STREAM with every error code.

RFC 9113 section 7: an unknown code must not trigger any special behaviour. docs/grpcio.md has the
versions of gRPC affected by such a frame.
"""

import asyncio
import json
from collections import Counter
from functools import partial
from typing import Any

import pytest
from grpc import StatusCode
from hyperframe.frame import GoAwayFrame, RstStreamFrame

from testing.chain import running_chain
from testing.channels import open_channel
from testing.collector import SENT_AT_ONCE
from testing.load import Call, Figures
from testing.processes import ServerProcess, run_to_end, running
from testing.waiting import LIMIT_SECONDS, eventually
from tests.support.chain_calls import USER, mock_data_caller
from tests.support.http2_peer import Fault, FaultyServer, Moment, faulty_server, frame_caller

# 0x0 to 0xd are HTTP/2's own. Apache httpd is known to send 70007.
CODES = [*range(0xE), 0xE, 0xF, 0x10, 0xFF, 70007, 0x7FFFFFFF, 0xFFFFFFFF]
FAULTS = [Fault(moment, code) for moment in Moment for code in CODES]
FAULTS += [Fault(Moment.NO_RESPONSE, code, resets=True) for code in CODES]

# https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#errors. A refused stream (0x7) is
# retried.
REFUSED_STREAM, CANCEL, ENHANCE_YOUR_CALM, INADEQUATE_SECURITY = 0x7, 0x8, 0xB, 0xC
STATUSES = {
    CANCEL: StatusCode.CANCELLED,
    ENHANCE_YOUR_CALM: StatusCode.RESOURCE_EXHAUSTED,
    INADEQUATE_SECURITY: StatusCode.PERMISSION_DENIED,
}
FAILURES = Counter(
    STATUSES.get(code, StatusCode.INTERNAL) for code in CODES if code != REFUSED_STREAM
)
# One affected call for each fault, and one more.
ENOUGH_CALLS = 2 * len(FAULTS) + 1

CALL_SECONDS = 10.0
METHODS = {
    "orc1": "/user.Orchestrator1Service/GetUserByName",
    "orc2": "/user.Orchestrator2Service/GetUser",
    "mock_data": "/user.MockUserDataService/GetMockUserData",
}
# Valid as a `User` and as a `UserName`.
REQUEST = b"\n\x07krithik"
OK = StatusCode.OK.value[0]
# Longer than beginning and resetting a call takes.
SLOW_RESPONSE = "0.5"


async def call_until_no_fault_is_left(name: str) -> Figures:
    """Calls a server until its upstream has shown all faults."""
    figures = Figures(name)
    async with faulty_server(USER.SerializeToString(), FAULTS) as upstream:
        with running(f"services/{name}", "--upstream", upstream.address) as server:
            service = METHODS[name].split("/")[1]
            async with open_channel(server.address, service) as channel:
                method: Any = channel.unary_unary(METHODS[name])
                call = partial(method, REQUEST, timeout=CALL_SECONDS)
                while upstream.faults and figures.codes.keys() <= {StatusCode.OK, *FAILURES}:
                    await figures.record(call)
                await figures.record(call)
            assert upstream.faults == [], figures
            # Retries may hide what a code has broken.
            assert {line["level"] for line in server.log()} <= {"info", "warning"}
            assert await asyncio.to_thread(server.stop) == 0
    return figures


@pytest.mark.parametrize("name", ["orc1", "orc2"])
async def test_an_upstream_can_send_any_code(name: str) -> None:
    figures = await call_until_no_fault_is_left(name)
    assert figures.codes - Counter({StatusCode.OK: figures.calls}) == FAILURES, figures
    assert figures.worst < CALL_SECONDS


async def test_a_server_can_send_the_client_any_code() -> None:
    names = [argument for number in range(ENOUGH_CALLS) for argument in ("-n", f"name{number}")]
    async with faulty_server(USER.SerializeToString(), FAULTS) as server:
        arguments = ["--target", server.address, "--jobs", "1", "--output", "json", *names]
        ended = await asyncio.to_thread(run_to_end, "client/client", *arguments)
        assert server.faults == []
    responses = [json.loads(line) for line in ended.stdout.splitlines()]
    errors = Counter(
        StatusCode[response["error"]["code"]] for response in responses if "error" in response
    )
    summary = ended.stderr.splitlines()
    assert (ended.returncode, len(summary), len(responses)) == (1, 1, ENOUGH_CALLS)
    assert summary[0].startswith(f"{ENOUGH_CALLS} names in ")
    assert errors == FAILURES


async def traced_call(call: Call, collector: FaultyServer) -> None:
    """Makes a call, and waits for its span."""
    before = collector.calls
    await call()
    await eventually(lambda: collector.calls > before, "the span is sent")


async def test_a_trace_collector_can_send_any_code() -> None:
    async with faulty_server(b"", FAULTS) as collector:
        arguments = ["--otlp-endpoint", f"http://{collector.address}"]
        with running("services/mock_data", *arguments, environment=SENT_AT_ONCE) as server:
            async with open_channel(server.address, "user.MockUserDataService") as channel:
                call = mock_data_caller(channel, CALL_SECONDS)
                while collector.faults:
                    await traced_call(call, collector)
            assert await asyncio.to_thread(server.stop) == 0


async def send_goaway(server: ServerProcess, method: str, code: int) -> None:
    """Sends a call and GOAWAY. The call is still answered."""
    async with frame_caller(server.address) as connection:
        stream = connection.call(method, REQUEST)
        connection.send(GoAwayFrame(error_code=code))
        assert await connection.status(stream) == OK


async def send_reset(server: ServerProcess, method: str, code: int) -> None:
    """Sends a call and resets it. The next call on the connection is answered."""
    async with frame_caller(server.address) as connection:
        stream = connection.call(method, REQUEST)
        connection.send(RstStreamFrame(stream, error_code=code))
        assert await connection.status(connection.call(method, REQUEST)) == OK


@pytest.mark.parametrize("name", METHODS)
async def test_a_caller_can_send_any_code(name: str) -> None:
    with running_chain(mock_data=["--delay", SLOW_RESPONSE]) as chain:
        server = chain.servers[name]
        async with asyncio.timeout(LIMIT_SECONDS):
            await asyncio.gather(
                *(send_goaway(server, METHODS[name], code) for code in CODES),
                *(send_reset(server, METHODS[name], code) for code in CODES),
            )
        codes = Counter(line["code"] for line in server.calls())
        assert codes == {"OK": 2 * len(CODES), "CANCELLED": len(CODES)}
        for hop in chain.servers.values():
            assert hop.stop() == 0
