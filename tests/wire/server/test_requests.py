"""Unusually split requests: each gets its status, and the connection goes on."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.wire.conformance import frames
from tests.wire.conformance.peer import connected
from tests.wire.conformance.seen import grpc_status, response
from tests.wire.server.service import METHOD, never, serving

_OK, _UNIMPLEMENTED, _INTERNAL = 0, 12, 13
_TRAILERS = frames.headers(1, frames.block([(b"note", b"over")]), end=True)
_GARBAGE = b"\x01\x00\x00\x00\x05abcde"

_CASES = {
    "trailers instead of a request": (_TRAILERS, _UNIMPLEMENTED),
    "a request and trailers": (frames.data(1, end=False) + _TRAILERS, _OK),
    "a cut request and trailers": (
        frames.data(1, frames.HELLO[:7], end=False) + _TRAILERS,
        _INTERNAL,
    ),
    "what cannot be unpacked": (frames.data(1, _GARBAGE), _INTERNAL),
    "that, and trailers": (frames.data(1, _GARBAGE, end=False) + _TRAILERS, _INTERNAL),
    "two requests": (frames.data(1, frames.HELLO * 2), _UNIMPLEMENTED),
    "two requests in two frames": (
        frames.data(1, end=False) + frames.data(1, frames.HELLO),
        _UNIMPLEMENTED,
    ),
    "an end of its own": (frames.data(1, end=False) + frames.data(1, b""), _OK),
}


def _request(stream: int) -> bytes:
    return frames.headers(stream, frames.request((b"grpc-encoding", b"gzip"), path=METHOD.encode()))


@pytest.mark.parametrize(("body", "status"), _CASES.values(), ids=_CASES.keys())
async def test_a_unary_method_takes_one_request(body: bytes, status: int) -> None:
    async def echo(request: bytes, context: Any) -> bytes:
        return request

    async with serving("unary_unary", echo) as (_, port), connected(port) as peer:
        await peer.send(frames.PREFACE + frames.settings() + _request(1) + body)
        await peer.wait_for([grpc_status(status)])
        await peer.send(_request(3) + frames.data(3))
        await peer.wait_for([response(3)])


@pytest.mark.parametrize("end", [frames.data(1, b""), _TRAILERS], ids=["data", "trailers"])
async def test_a_stream_of_requests_may_be_empty(end: bytes) -> None:
    async def count(requests: AsyncIterator[bytes], context: Any) -> bytes:
        return b"%d" % len([request async for request in requests])

    async with serving("stream_unary", count) as (_, port), connected(port) as peer:
        await peer.send(frames.PREFACE + frames.settings() + _request(1) + end)
        await peer.wait_for([response(1, frames.message(b"0"))])


async def _read_all(requests: AsyncIterator[bytes], context: Any) -> bytes:
    return b"".join([request async for request in requests])


async def _wait(requests: AsyncIterator[bytes], context: Any) -> bytes:
    return await never()


@pytest.mark.parametrize("behavior", [_read_all, _wait])
async def test_a_stream_that_cannot_be_read_is_internal(behavior: Any) -> None:
    over = asyncio.Event()

    async def answer(requests: AsyncIterator[bytes], context: Any) -> bytes:
        try:
            result: bytes = await behavior(requests, context)
        finally:
            over.set()
        return result

    async with serving("stream_unary", answer) as (_, port), connected(port) as peer:
        await peer.send(frames.PREFACE + frames.settings() + _request(1))
        await peer.send(frames.data(1, end=False) + frames.data(1, b"\7\0\0\0\1x", end=False))
        await peer.wait_for([grpc_status(_INTERNAL)])
        await asyncio.wait_for(over.wait(), 10)


async def test_a_compressed_request_that_cannot_be_read_is_internal() -> None:
    async with serving("stream_unary", _read_all) as (_, port), connected(port) as peer:
        await peer.send(frames.PREFACE + frames.settings() + _request(1))
        await peer.send(frames.data(1, end=False) + frames.data(1, _GARBAGE))
        await peer.wait_for([grpc_status(_INTERNAL)])
