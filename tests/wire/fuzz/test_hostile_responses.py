"""10,000 invalid responses: each ends its call in order, and nothing else."""

import asyncio
from collections import Counter

import grpc
import pytest

from tests.wire.fuzz.hostile_upstream import HostileResponses, honest_response, hostile_upstream
from tests.wire.fuzz.recorder import nothing_is_logged
from wire.channel import Channel, ChannelOptions, channel
from wire.errors import TransportError
from wire.http2.limits import Limits

RESPONSES = 1000
SEEDS = range(10)
AT_ONCE = 4
TIME = 30.0

OPTIONS = ChannelOptions(
    initial_backoff=0.001,
    max_backoff=0.001,
    limits=Limits(max_message_bytes=2000, max_header_list=4000),
)


async def outcome(calls: Channel) -> grpc.StatusCode:
    """The status of a call: there always is one, and its text names no address."""
    method = calls.unary_unary("/test.Echo/Echo")
    call = method(b"hello", timeout=TIME, wait_for_ready=True)
    error = (await asyncio.gather(call, return_exceptions=True))[0]
    if isinstance(error, bytes):
        return grpc.StatusCode.OK
    assert isinstance(error, grpc.aio.AioRpcError)
    if isinstance(error, TransportError):
        assert "127.0.0.1" not in (error.details() or "")
        assert error.debug_error_string()
    return error.code()


@pytest.mark.parametrize("seed", SEEDS)
async def test_each_hostile_response_ends_its_call(seed: int) -> None:
    outcomes: Counter[grpc.StatusCode] = Counter()
    with nothing_is_logged():
        async with (
            hostile_upstream(HostileResponses(seed)) as upstream,
            channel(f"ipv4:127.0.0.1:{upstream.port}", options=OPTIONS) as calls,
        ):

            async def call_again_and_again() -> None:
                for _ in range(RESPONSES // AT_ONCE):
                    outcomes[await outcome(calls)] += 1

            await asyncio.gather(*(call_again_and_again() for _ in range(AT_ONCE)))
            upstream.respond = honest_response
            for _ in range(AT_ONCE * 2):
                # The last hostile connection may still be open.
                last = await outcome(calls)
            assert last is grpc.StatusCode.OK
        # A response ending its connection also ends the calls beside it.
        assert upstream.answered > RESPONSES // 2
    assert outcomes.total() == RESPONSES
    assert grpc.StatusCode.DEADLINE_EXCEEDED not in outcomes
    assert len(outcomes) > 4, outcomes
