"""Each call writes one line and counts once, whatever its kind."""

import asyncio

import pytest

from testing.metrics import metric
from testing.waiting import LIMIT_SECONDS
from tests.support.streams.log import call_lines
from tests.support.streams.servicers import Streams, StreamsByContext
from tests.support.streams.streams_pb2 import Request
from tests.support.streams.ways import (
    EVERY_KIND,
    EVERY_WAY,
    Way,
    begin,
    has_requests,
    has_responses,
    responses,
)

METHOD = "/streams.StreamService/"
Output = pytest.CaptureFixture[str]


@EVERY_WAY
@EVERY_KIND
@pytest.mark.parametrize("style", [Streams, StreamsByContext])
async def test_a_stream_leaves_one_line_with_its_counts(
    way: Way, kind: str, style: type[Streams], capsys: Output
) -> None:
    metadata = (("x-request-id", "r-1"),)
    async with way.to(style(), log_format="json") as path:
        await responses(begin(path.stub, kind, *[Request(sizes=[1, 1])] * 3, metadata=metadata))
        servers = list(path.servers)
    written = call_lines(capsys)
    assert sorted(line["service"] for line in written) == sorted(servers)
    sent = 3 if has_requests(kind) else 1
    answered = 2 * sent if has_responses(kind) else 1
    is_stream = kind != "Unary"
    for line in written:
        assert (line["method"], line["code"]) == (METHOD + kind, "OK")
        assert line["request_id"] == "r-1"
        assert line.get("requests") == (sent if is_stream else None)
        assert line.get("responses") == (answered if is_stream else None)


@EVERY_WAY
async def test_a_stream_that_is_cancelled_leaves_its_counts(way: Way, capsys: Output) -> None:
    servicer = Streams()
    async with way.to(servicer, log_format="json") as path:
        call = path.stub.BidiStream(timeout=LIMIT_SECONDS)
        await call.write(Request(sizes=[1, 1], hold=True))
        await call.read()
        await call.read()
        await asyncio.wait_for(servicer.holding.wait(), LIMIT_SECONDS)
        call.cancel()
        await asyncio.wait_for(servicer.let_go.wait(), LIMIT_SECONDS)
        servers = list(path.servers)
    written = call_lines(capsys)
    assert sorted(line["service"] for line in written) == sorted(servers)
    for line in written:
        assert (line["code"], line["requests"], line["responses"]) == ("CANCELLED", 1, 2)


@EVERY_WAY
@EVERY_KIND
async def test_metrics_count_a_call_once(way: Way, kind: str) -> None:
    servicer = Streams()
    name = {"grpc_method": (METHOD + kind)[1:]}
    async with way.to(servicer, metrics_address="127.0.0.1:0") as path:

        async def value(server: str, of: str, **labels: str) -> float:
            return await asyncio.to_thread(metric, path.servers[server], of, **labels)

        held = begin(path.stub, kind, Request(hold=True))
        await asyncio.wait_for(servicer.holding.wait(), LIMIT_SECONDS)
        for server in path.servers:
            assert await value(server, "grpc_server_call_in_flight", **name) == 1
        held.cancel()
        await asyncio.wait_for(servicer.let_go.wait(), LIMIT_SECONDS)
        await responses(begin(path.stub, kind, Request(sizes=[1])))
        sides = [f"{server}-server" for server in path.servers]
        sides += ["hop-client"] if way.through_hop else []
        for side in sides:
            server, _, of = side.partition("-")
            assert await value(server, f"grpc_{of}_call_started_total", **name) == 2
            assert await value(server, f"grpc_{of}_call_in_flight", **name) == 0
            count = f"grpc_{of}_call_duration_seconds_count"
            assert await value(server, count, **name, grpc_status="OK") == 1
            assert await value(server, count, **name, grpc_status="CANCELLED") == 1
