"""Case 6: 10,000 malformed requests. Each is answered or dropped, and the server serves on."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator

from rpc.core.address import split_host_port

import grpc
from hpack import Decoder
from hyperframe.frame import Frame, HeadersFrame, RstStreamFrame

from testing.load import steady_load
from testing.metrics import metric
from testing.processes import ServerProcess, running
from testing.waiting import LIMIT_SECONDS, eventually
from tests.support.chain_calls import mock_data_caller
from tests.support.footprint import footprint
from tests.support.malformed import PREFACE, End, Malformed, Response, malformed_requests

SEED, WARM_UP_SEED = 6, 66
REQUESTS, WARM_UP_REQUESTS = 10_000, 1_000
AT_ONCE = 32
HALF_OPEN = 200
# Honest callers meanwhile, too few to fill the machine.
HONEST, SLOW_RESPONSE = 4, "0.05"
MEMORY_SLACK_MB = 32.0
DESCRIPTOR_SLACK = 4
# gRPC's own lines: about non-UTF-8 metadata, quoted with escapes, and about callers gone before
# their response.
GRPC_SAYS = ("Invalid encoding", "ExecuteBatchError raised in core")


async def end_of(request: Malformed, server: ServerProcess) -> Response:
    """Sends a request and waits until the server has ended it."""
    reader, writer = await asyncio.open_connection(*split_host_port(server.address))
    try:
        # The server may close before it has read everything.
        with contextlib.suppress(ConnectionError):
            writer.write(request.data)
            await writer.drain()
            if not request.responses:
                writer.write_eof()
        async with asyncio.timeout(LIMIT_SECONDS):
            return await read_end(reader, statuses=bool(request.responses))
    except TimeoutError:
        raise AssertionError(f"{request.kind} hangs: {request.data!r}") from None
    finally:
        writer.close()


async def read_end(reader: asyncio.StreamReader, *, statuses: bool) -> Response:
    """Reads until the end of stream 1, or (`statuses` is False) of the connection."""
    decoder = Decoder(max_header_list_size=1_000_000)
    async for frame in frames(reader):
        if statuses and isinstance(frame, RstStreamFrame):
            return End.RESET
        if statuses and isinstance(frame, HeadersFrame):
            status = dict(decoder.decode(frame.data, raw=True)).get(b"grpc-status")
            if status is not None:
                return int(status)
    return End.CLOSED


async def frames(reader: asyncio.StreamReader) -> AsyncIterator[Frame]:
    """A server's frames until it closes."""
    with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
        while True:
            header = memoryview(await reader.readexactly(9))
            frame, length = Frame.parse_frame_header(header)
            frame.parse_body(memoryview(await reader.readexactly(length)))
            yield frame


async def storm(server: ServerProcess, seed: int, count: int) -> "Counter[tuple[str, Response]]":
    """Sends this many malformed requests. Counts the ends of each kind."""
    requests = malformed_requests(seed, count)
    ends: Counter[tuple[str, Response]] = Counter()
    wrong: dict[tuple[str, Response], bytes] = {}

    async def keep_sending() -> None:
        for request in requests:
            end = await end_of(request, server)
            ends[request.kind, end] += 1
            if request.responses and end not in request.responses:
                wrong[request.kind, end] = request.data

    await asyncio.gather(*(keep_sending() for _ in range(AT_ONCE)))
    assert wrong == {}
    return ends


@contextlib.asynccontextmanager
async def half_open(server: ServerProcess) -> AsyncIterator[None]:
    """Holds connections with too little sent for the server to react."""
    writers = []
    for number in range(HALF_OPEN):
        _, writer = await asyncio.open_connection(*split_host_port(server.address))
        writer.write(PREFACE[: number % len(PREFACE)])
        writers.append(writer)
    yield
    for writer in writers:
        writer.close()


async def test_the_server_survives_and_serves_on() -> None:
    arguments = ["--delay", SLOW_RESPONSE, "--metrics-address", "127.0.0.1:0"]
    with running("services/mock_data", *arguments) as server:
        await storm(server, WARM_UP_SEED, WARM_UP_REQUESTS)
        before = footprint(server)
        async with (
            grpc.aio.insecure_channel(server.address) as channel,
            steady_load(mock_data_caller(channel, LIMIT_SECONDS), HONEST) as honest,
            half_open(server),
        ):
            ends = await storm(server, SEED, REQUESTS)
        for (kind, end), count in sorted(ends.items(), key=str):
            print(f"{count:6} {kind}: {end}")
        print(f"honest callers meanwhile: {honest}")
        await eventually(
            lambda: footprint(server).descriptors <= before.descriptors + DESCRIPTOR_SLACK,
            "the server has let go of every connection",
        )
        after = footprint(server)
        print(f"{ends.total()} malformed requests; before: {before}; after: {after}")
        assert ends.total() == REQUESTS
        assert honest.failed == 0
        assert metric(server, "grpc_server_call_in_flight") == 0
        assert after.megabytes < before.megabytes + MEMORY_SLACK_MB
        own = {line["event"] for line in server.log() if not line["event"].startswith(GRPC_SAYS)}
        # Only wire logs peers' breaches of HTTP/2.
        assert own - {"connection turned away"} == {"serving", "call"}
        assert server.stop() == 0
