"""10,000 hostile responses of upstreams: each ends its call in order, and nothing else."""

import asyncio
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable

import grpc
import pytest

from proto import user_pb2, user_pb2_grpc
from testing.channels import OWN_CONNECTION
from testing.processes import ServerProcess, running
from testing.transports import transport
from testing.waiting import LIMIT_SECONDS, eventually
from tests.resilience.hostile_responses import (
    ADDRESS,
    HostileResponse,
    that_end_calls,
    that_end_connections,
    that_last,
)
from tests.resilience.hostile_server import HostileServer, hostile_server, name_of
from tests.support.chain_calls import USER
from tests.support.footprint import footprint

SEED, WARM_UP_SEED = 5, 55
RESPONSES, OF_CONNECTIONS, SILENT, WARM_UP = 4_940, 40, 20, 500
AT_ONCE = 16
SILENT_SECONDS = 0.5
MEMORY_SLACK_MB = 32.0
# The server leaves connections open behind GOAWAY, and so does gRPC's core.
DESCRIPTOR_SLACK = OF_CONNECTIONS

# Terms internal to gRPC's core and `wire`, and addresses.
INNER_WORDS = re.compile(
    rf"Stream removed|RST_STREAM|GOAWAY|http2|HTTP|metadata|Core|127\.0\.0\.1|{ADDRESS.decode()}"
)
# Lines of gRPC's core, written directly to stderr.
CORE_LINE = re.compile(r"E\d{4} .* hpack_parser\.cc")

Ask = Callable[[str, float], Awaitable[object]]
End = tuple[str, grpc.StatusCode]


def ask_for(name: str, channel: grpc.aio.Channel) -> Ask:
    """Calls a server for a user by name."""
    if name == "orc1":
        first = user_pb2_grpc.Orchestrator1ServiceStub(channel).GetUserByName
        return lambda name, seconds: first(user_pb2.UserName(name=name), timeout=seconds)
    second = user_pb2_grpc.Orchestrator2ServiceStub(channel).GetUser
    return lambda name, seconds: second(user_pb2.User(name=name), timeout=seconds)


async def storm(
    ask: Ask, upstream: HostileServer, responses: Iterable[HostileResponse], seconds: float
) -> "Counter[End]":
    """Requests each response, and counts the ends of each kind."""
    upstream.responses = list(responses)
    numbers = iter(range(len(upstream.responses)))
    ends: Counter[End] = Counter()
    wrong: dict[End, str] = {}

    async def keep_asking() -> None:
        for number in numbers:
            hostile = upstream.responses[number]
            code, text = grpc.StatusCode.OK, ""
            try:
                await ask(name_of(number), seconds)
            except grpc.aio.AioRpcError as error:
                code, text = error.code(), error.details() or ""
            ends[hostile.kind, code] += 1
            if code not in hostile.statuses or INNER_WORDS.search(text):
                wrong[hostile.kind, code] = text

    await asyncio.gather(*(keep_asking() for _ in range(AT_ONCE)))
    assert not wrong, wrong
    return ends


async def storms(ask: Ask, upstream: HostileServer) -> "Counter[End]":
    """Requests all kinds of responses."""
    ends = await storm(ask, upstream, that_end_calls(SEED, RESPONSES, transport()), LIMIT_SECONDS)
    broken = that_end_connections(SEED, OF_CONNECTIONS, transport())
    ends += await storm(ask, upstream, broken, LIMIT_SECONDS)
    return ends + await storm(ask, upstream, that_last(SEED, SILENT, transport()), SILENT_SECONDS)


def assert_the_log_blames(upstream: HostileServer, server: ServerProcess) -> None:
    """Each failure's line on this side names the upstream. There are no other kinds of lines."""
    events = Counter(line["event"] for line in server.log())
    assert events.keys() <= {"serving", "call", "upstream unusable", "upstream usable"}
    diagnoses = [line["diagnosis"] for line in server.calls() if "diagnosis" in line]
    assert len(diagnoses) > RESPONSES / 4
    assert [text for text in diagnoses if upstream.address not in text] == []
    lines = server.log_file.read_text().splitlines()
    stray = [line for line in lines if not line.startswith("{")]
    assert [line for line in stray if not CORE_LINE.match(line)] == []
    assert not stray or transport() == "grpcio"
    assert [line for line in lines if not line.isprintable()] == []


@pytest.mark.parametrize("name", ["orc1", "orc2"])
async def test_a_hostile_upstream_ends_its_calls_alone(name: str) -> None:
    async with hostile_server() as upstream:
        with running(f"services/{name}", "--upstream", upstream.address) as server:
            async with grpc.aio.insecure_channel(server.address, OWN_CONNECTION) as channel:
                ask = ask_for(name, channel)
                warm_up = that_end_calls(WARM_UP_SEED, WARM_UP, transport())
                await storm(ask, upstream, warm_up, LIMIT_SECONDS)
                before = footprint(server)
                ends = await storms(ask, upstream)
                assert await ask("krithik", LIMIT_SECONDS) == USER
            most = before.descriptors + DESCRIPTOR_SLACK
            await eventually(
                lambda: footprint(server).descriptors <= most, "broken connections are closed"
            )
            after = footprint(server)
            print(f"{name}: {ends.total()} responses; before: {before}; after: {after}")
            for (kind, code), count in sorted(ends.items(), key=str):
                print(f"{count:6} {kind}: {code.name}")
            assert ends.total() == RESPONSES + OF_CONNECTIONS + SILENT
            assert after.megabytes < before.megabytes + MEMORY_SLACK_MB
            assert_the_log_blames(upstream, server)
            assert await asyncio.to_thread(server.stop) == 0
