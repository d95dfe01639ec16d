"""Responses are held back while a server stops."""

import asyncio

from rpc.transports.grpcio.held_answers import HeldAnswers

from tests.support.calls import PEER


async def begun(answer: bytes, answers: HeldAnswers) -> asyncio.Future[bytes]:
    """Starts a response, and lets it advance as far as it can at once."""

    async def pass_on() -> bytes:
        await answers.pass_on(PEER)
        return answer

    passing = asyncio.ensure_future(pass_on())
    for _ in range(3):
        await asyncio.sleep(0)
    return passing


async def test_an_answer_is_sent_at_once() -> None:
    assert (await begun(b"it", HeldAnswers())).result() == b"it"


async def test_answers_wait_until_they_are_released() -> None:
    answers = HeldAnswers()
    answers.hold()
    held = [await begun(number, answers) for number in (b"1", b"2")]
    assert not any(answer.done() for answer in held)
    answers.release(last_after=0.01)
    assert await asyncio.gather(*held) == [b"1", b"2"]


async def test_the_last_response_of_a_connection_is_sent_last() -> None:
    answers, order = HeldAnswers(), list[bytes]()
    answers.hold()
    held = [await begun(number, answers) for number in (b"1", b"2", b"3")]
    for answer in held:
        answer.add_done_callback(lambda done: order.append(done.result()))
    answers.release(last_after=0.01)
    await asyncio.gather(*held)
    assert order == [b"2", b"3", b"1"]
