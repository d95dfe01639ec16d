"""Streams and large messages: wire against grpc.aio, one link, in turns.

Both ends run in this process on one event loop, so a time is that of both.
"""

import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

import click
import grpc
import uvloop

from bench.choice import rounds
from bench.contenders import Tls, make_tls
from bench.figures import figure, ratio
from bench.machine import facts, in_words
from bench.markdown import markdown
from bench.report import with_range
from wire.channel import channel as wire_channel
from wire.server import server as wire_server
from wire.tls import ChannelCredentials, ServerCredentials

SERVICE = "bench.Messages"
SMALL = bytes(100)
LARGE = bytes(1 << 20)
LIBRARIES = ("wire", "grpc.aio")


async def _echo(request: bytes, _: Any) -> bytes:
    return request


async def _echo_each(requests: AsyncIterator[bytes], _: Any) -> AsyncIterator[bytes]:
    async for request in requests:
        yield request


async def _repeat(request: bytes, _: Any) -> AsyncIterator[bytes]:
    for _ in range(int(request)):
        yield SMALL


async def _count(requests: AsyncIterator[bytes], _: Any) -> bytes:
    return b"%d" % len([request async for request in requests])


HANDLERS: Any = {
    "Echo": grpc.unary_unary_rpc_method_handler(_echo),
    "EchoEach": grpc.stream_stream_rpc_method_handler(_echo_each),
    "Repeat": grpc.unary_stream_rpc_method_handler(_repeat),
    "Count": grpc.stream_unary_rpc_method_handler(_count),
}


Run = Callable[[Any, int], Awaitable[None]]
"""Takes a channel, and how many messages to send."""


def _unary(message: bytes) -> Run:
    async def run(channel: Any, number: int) -> None:
        call = channel.unary_unary(f"/{SERVICE}/Echo")
        for _ in range(number):
            await call(message)

    return run


async def _ping_pong(channel: Any, number: int) -> None:
    call = channel.stream_stream(f"/{SERVICE}/EchoEach")()
    for _ in range(number):
        await call.write(SMALL)
        await call.read()
    await call.done_writing()
    await call.code()


async def _server_stream(channel: Any, number: int) -> None:
    call = channel.unary_stream(f"/{SERVICE}/Repeat")(b"%d" % number)
    _require(len([response async for response in call]), number)


async def _client_stream(channel: Any, number: int) -> None:
    async def requests() -> AsyncIterator[bytes]:
        for _ in range(number):
            yield SMALL

    _require(int(await channel.stream_unary(f"/{SERVICE}/Count")(requests())), number)


def _require(received: int, sent: int) -> None:
    if received != sent:
        raise click.ClickException(f"{received} of {sent} messages arrived")


class Work(NamedTuple):
    """One line of the table.

    Attributes:
        name: what the table calls it.
        run: sends them.
        number: how many messages make a round.
        secure: over TLS.
    """

    name: str
    run: Run
    number: int
    secure: bool = False


WORKS = (
    Work("unary, 100 B", _unary(SMALL), 500),
    Work("ping-pong on a stream, 100 B", _ping_pong, 500),
    Work("server stream, 100 B", _server_stream, 3000),
    Work("client stream, 100 B", _client_stream, 1500),
    Work("unary, 1 MB", _unary(LARGE), 20),
    Work("unary, 100 B, TLS", _unary(SMALL), 500, secure=True),
    Work("unary, 1 MB, TLS", _unary(LARGE), 20, secure=True),
)


@click.command(name="messages")
@rounds(7, of="each library")
@click.option(
    "--share",
    type=click.FloatRange(min=0, min_open=True, max=1),
    default=1.0,
    show_default=True,
    help="How much of the messages to send: less is a quick look.",
)
def main(*, rounds: int, share: float) -> None:
    """Measure streams and large messages, in microseconds for each message and both ends.

    A ratio whose range has 1 in it is no difference.
    """
    print(in_words(facts()), end="\n\n")
    print(markdown(uvloop.run(_table(rounds, share))))


async def _table(rounds: int, share: float) -> list[list[str]]:
    with tempfile.TemporaryDirectory() as folder:
        tls = make_tls(Path(folder))
        lines = [["µs a message", *LIBRARIES, "grpc.aio over wire"]]
        for work in WORKS:
            print(work.name, file=sys.stderr, flush=True)
            number = max(1, int(work.number * share))
            ours, theirs = await _in_turns(work, number, rounds, tls if work.secure else None)
            over = with_range(ratio(theirs, ours))
            cells = [with_range(figure(times)) for times in (ours, theirs)]
            lines.append([work.name, *cells, over])
        return lines


async def _in_turns(
    work: Work, number: int, rounds: int, tls: Tls | None
) -> tuple[list[float], list[float]]:
    """Microseconds a message, of both libraries, round by round."""
    times: tuple[list[float], list[float]] = ([], [])
    async with _link("wire", tls) as ours, _link("grpc.aio", tls) as aio:
        for channel in (ours, aio):
            await work.run(channel, max(1, number // 10))
        for _ in range(rounds):
            for channel, of in zip((ours, aio), times, strict=True):
                before = perf_counter()
                await work.run(channel, number)
                of.append((perf_counter() - before) / number * 1e6)
    return times


@asynccontextmanager
async def _link(library: str, tls: Tls | None) -> AsyncIterator[Any]:
    """A server, and a channel to it."""
    server: Any = wire_server() if library == "wire" else grpc.aio.server()
    server.add_registered_method_handlers(SERVICE, HANDLERS)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, HANDLERS),))
    target = f"localhost:{_listen(server, library, tls)}"
    await server.start()
    channel = _channel(target, library, tls)
    try:
        yield channel
    finally:
        await channel.close()
        await server.stop(0)


def _listen(server: Any, library: str, tls: Tls | None) -> int:
    address = "localhost:0"
    if tls is None:
        return int(server.add_insecure_port(address))
    if library == "wire":
        credentials = ServerCredentials(tls.certificate, tls.key)
        return int(server.add_secure_port(address, credentials))
    pair = (tls.key.read_bytes(), tls.certificate.read_bytes())
    return int(server.add_secure_port(address, grpc.ssl_server_credentials([pair])))


def _channel(target: str, library: str, tls: Tls | None) -> Any:
    if library == "wire":
        return wire_channel(target, tls and ChannelCredentials(tls.authority))
    if tls is None:
        return grpc.aio.insecure_channel(target)
    credentials = grpc.ssl_channel_credentials(tls.authority.read_bytes())
    return grpc.aio.secure_channel(target, credentials)


if __name__ == "__main__":
    main()
