"""A single call is not delayed: neither its request nor its response."""

import asyncio
import selectors
from collections.abc import AsyncIterator
from typing import Any

import grpc

from tests.wire.server.service import METHOD, handlers, method
from wire.channel import Channel, channel
from wire.server import server

_STREAM = "/test.Service/Stream"
_CALLS = 20


class _CountingSelector(selectors.DefaultSelector):
    """Counts the turns: an event loop asks it once a turn."""

    turns = 0

    def select(self, timeout: float | None = None) -> Any:
        self.turns += 1
        return super().select(timeout)


async def _echo(request: bytes, context: Any) -> bytes:
    return request


async def _one_then_silence(request: bytes, context: Any) -> AsyncIterator[bytes]:
    yield b"one"
    await asyncio.Event().wait()


async def _fewest_turns(opened: Channel, selector: _CountingSelector) -> int:
    """The turns of an undisturbed call: the minimum leaves timers out."""
    turns = []
    for _ in range(_CALLS):
        before = selector.turns
        assert await opened.unary_unary(METHOD)(b"request") == b"request"
        turns.append(selector.turns - before)
    return min(turns)


async def _turns_with_and_without_a_stream(selector: _CountingSelector) -> tuple[int, int, int]:
    serving = server(
        [
            handlers(
                Method=method("unary_unary", _echo),
                Stream=method("unary_stream", _one_then_silence),
            )
        ]
    )
    port = serving.add_insecure_port("127.0.0.1:0")
    await serving.start()
    try:
        async with channel(f"127.0.0.1:{port}") as opened:
            without = await _fewest_turns(opened, selector)
            stream = opened.unary_stream(_STREAM)(b"")
            assert await stream.read() == b"one"
            beside = await _fewest_turns(opened, selector)
            stream.cancel()
            assert await stream.code() is grpc.StatusCode.CANCELLED
            return without, beside, await _fewest_turns(opened, selector)
    finally:
        await serving.stop(None)


def test_a_call_beside_a_silent_stream_takes_no_more_turns() -> None:
    selector = _CountingSelector()
    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(selector)) as runner:
        without, beside, afterwards = runner.run(_turns_with_and_without_a_stream(selector))
    assert beside == without
    assert afterwards == without
