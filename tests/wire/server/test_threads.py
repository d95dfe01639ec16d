"""Servicers as plain functions: they run in threads, and the loop goes on."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest

from tests.wire.server.service import METHOD, calling, channel_to, failure, serving


def _echo(request: bytes, context: Any) -> bytes:
    assert threading.current_thread() is not threading.main_thread()
    return request


async def test_a_function_responds() -> None:
    async with calling("unary_unary", _echo) as call:
        assert await call(b"hello") == b"hello"


async def test_a_function_that_blocks_does_not_block_the_loop() -> None:
    barrier = threading.Barrier(4)

    def wait(request: bytes, context: Any) -> bytes:
        barrier.wait(10)
        return request

    async with serving("unary_unary", wait) as (_, port), channel_to(port) as channel:
        calls = [channel.unary_unary(METHOD)(b"%d" % number) for number in range(4)]
        assert [await call for call in calls] == [b"0", b"1", b"2", b"3"]


async def test_a_function_may_abort() -> None:
    def abort(request: bytes, context: Any) -> bytes:
        context.abort(grpc.StatusCode.NOT_FOUND, "nowhere")
        return request

    async with calling("unary_unary", abort) as call:
        error = await failure(call(b""))
    assert (error.code(), error.details()) == (grpc.StatusCode.NOT_FOUND, "nowhere")


async def test_a_call_ends_whatever_its_function_raises() -> None:
    def first_of_none(request: bytes, context: Any) -> bytes:
        none: Iterator[bytes] = iter(())
        return next(none)

    async with calling("unary_unary", first_of_none) as call:
        error = await failure(call(b"", timeout=30))
    assert (error.code(), error.details()) == (grpc.StatusCode.UNKNOWN, "the servicer failed")


def _twice(request: bytes, context: Any) -> Iterator[bytes]:
    context.send_initial_metadata((("first", "1"),))
    yield request
    yield request


async def test_a_generator_streams() -> None:
    async with calling("unary_stream", _twice) as call:
        stream = call(b"hello")
        assert tuple(await stream.initial_metadata()) == (("first", "1"),)
        assert [response async for response in stream] == [b"hello", b"hello"]


async def test_a_generator_that_is_left_ends_in_a_thread() -> None:
    ended_in: list[threading.Thread] = []
    ended = threading.Event()

    def endless(request: bytes, context: Any) -> Iterator[bytes]:
        try:
            while True:
                yield request
        finally:
            ended_in.append(threading.current_thread())
            ended.set()

    async with calling("unary_stream", endless) as call:
        stream = call(b"hello", timeout=30)
        await stream.read()
        stream.cancel()
        assert await asyncio.to_thread(ended.wait, 10)
    assert threading.main_thread() not in ended_in


async def test_a_function_that_reads_hears_of_the_end_of_its_call() -> None:
    def join(requests: Iterator[bytes], context: Any) -> bytes:
        return b"".join(requests)

    with ThreadPoolExecutor(1) as pool:
        async with calling("stream_unary", join, thread_pool=pool) as call:
            for _ in range(3):
                cancelled = call(timeout=30)
                await cancelled.write(b"hello")
                cancelled.cancel()
            assert await call(iter([b"a", b"b"]), timeout=30) == b"ab"


@pytest.mark.parametrize("kind", ["stream_unary", "stream_stream"])
async def test_a_function_iterates_over_requests(kind: str) -> None:
    def join(requests: Iterator[bytes], context: Any) -> bytes:
        return b"".join(requests)

    def each(requests: Iterator[bytes], context: Any) -> Iterator[bytes]:
        yield from requests

    async with calling(kind, join if kind == "stream_unary" else each) as call:
        calling_now = call(iter([b"one", b"two"]))
        if kind == "stream_unary":
            assert await calling_now == b"onetwo"
        else:
            assert [response async for response in calling_now] == [b"one", b"two"]
