"""`wire.channel` against a server made of frames: RFC 9113 and gRPC's protocol."""

import asyncio

import grpc
import pytest

from tests.wire.conformance import channel_cases, response_cases
from tests.wire.conformance.channel_case import ChannelCase
from tests.wire.conformance.frames import CANCEL, SETTINGS_ACK
from tests.wire.conformance.peer import TIME, Peer
from tests.wire.conformance.seen import NOTHING, stream_error
from tests.wire.conformance.upstream import GREETING, Upstream, listening, reply, request_on
from wire.channel import Channel, ChannelOptions, channel

CASES = [*channel_cases.CASES, *response_cases.CASES]
OPTIONS = ChannelOptions(initial_backoff=0.01, max_backoff=0.01)
LONG = 2000


async def status_of(calls: Channel) -> grpc.StatusCode:
    call = calls.unary_unary("/test.Echo/Echo")(b"hello", timeout=TIME, wait_for_ready=True)
    try:
        await call
    except grpc.aio.AioRpcError as error:
        return error.code()
    return grpc.StatusCode.OK


async def play(case: ChannelCase, peer: Peer) -> None:
    if case.greeted:
        await peer.send(GREETING + SETTINGS_ACK)
        await peer.wait_for([request_on(1)])
    for step in case.steps:
        if isinstance(step, bytes):
            await peer.send(step)
        else:
            await peer.wait_for([step])
    if not case.greeted:
        await peer.wait_for([case.said])
        await peer.close()


async def respond_on_the_first(peer: Peer) -> None:
    """The next call comes on this connection, or on another one with automatic responses."""
    await peer.wait_for([request_on(3)])
    await peer.send(reply(3))


async def run(case: ChannelCase, upstream: Upstream) -> None:
    async with channel(f"ipv4:127.0.0.1:{upstream.port}", options=OPTIONS) as calls:
        call = asyncio.create_task(status_of(calls))
        peer = await upstream.first
        await play(case, peer)
        status = await call
        # A waiting call does not notice a failed connection: the next one responds.
        expected = case.call if case.greeted else (*case.call, grpc.StatusCode.OK)
        assert status in expected
        if case.greeted and case.said is not NOTHING:
            await peer.wait_for([case.said])
        responding = asyncio.create_task(respond_on_the_first(peer))
        assert await status_of(calls) is grpc.StatusCode.OK
        responding.cancel()
        await asyncio.gather(responding, return_exceptions=True)


@pytest.mark.parametrize("case", CASES, ids=str)
async def test_whole(case: ChannelCase) -> None:
    async with listening() as upstream:
        await run(case, upstream)


@pytest.mark.parametrize("case", CASES, ids=str)
async def test_octet_by_octet(case: ChannelCase) -> None:
    length = sum(len(step) for step in case.steps if isinstance(step, bytes))
    async with listening(split=1 if length < LONG else 97) as upstream:
        await run(case, upstream)


async def test_response_of_a_cancelled_call_is_ignored() -> None:
    async with listening() as upstream, channel(f"ipv4:127.0.0.1:{upstream.port}") as calls:
        call = calls.unary_unary("/test.Echo/Echo")(b"hello")
        peer = await upstream.first
        await peer.send(GREETING + SETTINGS_ACK)
        await peer.wait_for([request_on(1)])
        call.cancel()
        await peer.wait_for([stream_error(CANCEL)])
        await peer.send(reply(1))
        responding = asyncio.create_task(respond_on_the_first(peer))
        assert await status_of(calls) is grpc.StatusCode.OK
        await responding
        assert not peer.seen.goaways
