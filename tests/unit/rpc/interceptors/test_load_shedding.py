"""Load shedding: how slots are taken and given back."""

import asyncio
from typing import NoReturn

from rpc.core.call import Call
from rpc.core.errors import RpcStatusError
from rpc.interceptors.load_shedding import Slots, shed

import grpc
import pytest

from tests.support.calls import make_call


async def test_a_call_past_the_limit_is_refused_and_a_freed_slot_is_taken() -> None:
    release = asyncio.Event()

    async def answer(call: Call) -> bytes:
        await release.wait()
        return call.request

    handler = shed(answer, Slots(1))
    first = asyncio.ensure_future(handler(make_call(request=b"first")))
    await asyncio.sleep(0)
    with pytest.raises(RpcStatusError, match="1 calls at once") as raised:
        await handler(make_call(request=b"second"))
    assert raised.value.code is grpc.StatusCode.RESOURCE_EXHAUSTED
    release.set()
    assert await first == b"first"
    assert await handler(make_call(request=b"third")) == b"third"


async def test_a_call_that_fails_gives_its_slot_back() -> None:
    async def fail(call: Call) -> NoReturn:
        raise ValueError(call.request_id)

    handler = shed(fail, Slots(1))
    for attempt in ("first", "second"):
        with pytest.raises(ValueError, match=attempt):
            await handler(make_call(request_id=attempt))


async def test_a_call_that_is_cancelled_gives_its_slot_back() -> None:
    async def wait_for_ever(_: Call) -> bytes:
        await asyncio.Event().wait()
        return b""

    slots = Slots(1)
    handler = shed(wait_for_ever, slots)
    for _ in range(2):
        call = asyncio.ensure_future(handler(make_call()))
        await asyncio.sleep(0)
        assert slots.free == 0
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
    assert slots.free == 1
