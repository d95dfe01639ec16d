"""An observer's record of calls: each starts, ends and closes once, with its real code."""

import asyncio
import gc
from collections import Counter
from typing import Any

import grpc

from tests.wire.conformance import frames
from tests.wire.conformance.peer import connected
from tests.wire.server.service import calling, channel_to, failure, never, serving


class _Observer:
    def __init__(self) -> None:
        self.events: list[tuple[str, ...]] = []
        self.ended = asyncio.Event()
        self.closed = asyncio.Event()

    def call_started(self, context: Any) -> None:
        context.attachment = "mine"
        self.events.append(("started", context.method))

    def call_ended(self, context: Any, code: grpc.StatusCode, details: str) -> None:
        assert context.attachment == "mine"
        context.set_trailing_metadata((("x-request-id", "abc"),))
        self.events.append(("ended", code.name, details))
        self.ended.set()

    def call_closed(self, context: Any) -> None:
        self.events.append(("closed",))
        self.closed.set()


async def _echo(request: bytes, context: Any) -> bytes:
    return request


async def test_a_call_starts_ends_and_closes() -> None:
    observer = _Observer()
    async with calling("unary_unary", _echo, observer=observer) as call:
        response = call(b"hello")
        await response
        assert tuple(await response.trailing_metadata()) == (("x-request-id", "abc"),)
    assert observer.events == [
        ("started", "/test.Service/Method"),
        ("ended", "OK", ""),
        ("closed",),
    ]


async def test_a_call_that_the_transport_refuses_is_seen() -> None:
    observer = _Observer()
    async with (
        serving("unary_unary", _echo, observer=observer) as (_, port),
        channel_to(port) as channel,
    ):
        error = await failure(channel.unary_unary("/test.Service/Other")(b""))
    assert tuple(error.trailing_metadata()) == (("x-request-id", "abc"),)
    assert observer.events[0] == ("started", "/test.Service/Other")
    assert observer.events[1][:2] == ("ended", "UNIMPLEMENTED")
    assert observer.events[2] == ("closed",)


class _Failing(grpc.GenericRpcHandler):
    def service(self, handler_call_details: Any) -> Any:
        raise LookupError(handler_call_details.method)


async def test_a_call_that_no_handler_was_found_for_is_seen() -> None:
    observer = _Observer()
    async with (
        serving("unary_unary", _echo, observer=observer) as (served, port),
        channel_to(port) as channel,
    ):
        served.add_generic_rpc_handlers((_Failing(),))
        await failure(channel.unary_unary("/test.Service/Other")(b""))
    assert observer.events[0] == ("started", "/test.Service/Other")
    assert observer.events[1][:2] == ("ended", "UNKNOWN")


async def test_a_response_that_nobody_reads_does_not_close() -> None:
    observer = _Observer()
    large = frames.message(bytes(100_000))
    request = frames.request(path=b"/test.Service/Method")
    async with (
        serving("unary_unary", _echo, observer=observer) as (_, port),
        connected(port) as peer,
    ):
        await peer.send(frames.PREFACE + frames.settings())
        await peer.send(frames.headers(1, request))
        for at in range(0, len(large), 16000):
            end = at + 16000 >= len(large)
            await peer.send(frames.data(1, large[at : at + 16000], end=end))
        await asyncio.wait_for(observer.ended.wait(), 10)
        assert ("closed",) not in observer.events
        await peer.send(frames.window_update(0, 1 << 20) + frames.window_update(1, 1 << 20))
        await asyncio.wait_for(observer.closed.wait(), 10)


async def test_a_caller_that_leaves_closes_its_calls() -> None:
    observer = _Observer()
    begun = asyncio.Event()

    async def wait(request: bytes, context: Any) -> bytes:
        begun.set()
        return await never()

    request = frames.request(path=b"/test.Service/Method")
    async with serving("unary_unary", wait, observer=observer) as (_, port):
        async with connected(port) as peer:
            await peer.send(frames.PREFACE + frames.settings())
            await peer.send(frames.headers(1, request) + frames.data(1))
            await begun.wait()
        await asyncio.wait_for(observer.closed.wait(), 10)
    assert Counter(event[0] for event in observer.events) == {
        "started": 1,
        "ended": 1,
        "closed": 1,
    }
    assert observer.events[1][1] == "CANCELLED"


async def test_an_observer_that_fails_kills_no_call() -> None:
    class _Failing:
        def __getattr__(self, name: str) -> Any:
            raise RuntimeError(name)

        def call_started(self, context: Any) -> None:
            raise RuntimeError

        call_ended = call_closed = lambda *_: 1 / 0

    async with calling("unary_unary", _echo, observer=_Failing()) as call:
        assert await call(b"hello") == b"hello"


async def test_a_call_that_is_over_leaves_no_garbage() -> None:
    async with calling("unary_unary", _echo) as call:
        await call(b"first")
        gc.collect()
        gc.disable()
        try:
            for _ in range(100):
                await call(b"more")
            gc.set_debug(gc.DEBUG_SAVEALL)
            gc.collect()
            mine = [item for item in gc.garbage if type(item).__module__.startswith("wire")]
        finally:
            gc.set_debug(0)
            gc.garbage.clear()
            gc.enable()
    assert mine == []
