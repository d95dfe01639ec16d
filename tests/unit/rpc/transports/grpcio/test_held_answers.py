"""Answers that are kept back while a server stops."""

import asyncio

from rpc.core.call import Call
from rpc.core.errors import RpcStatusError
from rpc.transports.grpcio.held_answers import Answers, hold_back

import grpc
import pytest

from tests.support.calls import make_call


async def echo(call: Call) -> bytes:
    return call.request


async def begun(call: Call, answers: Answers) -> asyncio.Future[bytes]:
    """An answer on its way, as far as it gets at once."""
    answer = asyncio.ensure_future(hold_back(echo, answers)(call))
    for _ in range(3):
        await asyncio.sleep(0)
    return answer


async def test_an_answer_is_sent_at_once() -> None:
    assert (await begun(make_call(request=b"it"), Answers())).result() == b"it"


async def test_answers_wait_until_they_are_released() -> None:
    answers = Answers()
    answers.hold()
    held = [await begun(make_call(request=number), answers) for number in (b"1", b"2")]
    assert not any(answer.done() for answer in held)
    answers.release(last_after=0.01)
    assert await asyncio.gather(*held) == [b"1", b"2"]


async def test_the_last_answer_on_a_connection_is_sent_after_the_others() -> None:
    answers, order = Answers(), list[bytes]()
    answers.hold()
    held = [await begun(make_call(request=number), answers) for number in (b"1", b"2", b"3")]
    for answer in held:
        answer.add_done_callback(lambda done: order.append(done.result()))
    answers.release(last_after=0.01)
    await asyncio.gather(*held)
    assert order == [b"2", b"3", b"1"]


async def test_an_error_waits_too() -> None:
    async def fail(_: Call) -> bytes:
        raise RpcStatusError(grpc.StatusCode.ABORTED, "no")

    answers = Answers()
    answers.hold()
    failing = asyncio.ensure_future(hold_back(fail, answers)(make_call()))
    await asyncio.sleep(0)
    assert not failing.done()
    answers.release(last_after=0.01)
    with pytest.raises(RpcStatusError, match="no"):
        await failing
