"""Responses are held back while a server stops."""

import asyncio

from rpc.transports.grpcio.held_responses import HeldResponses

from tests.support.calls import PEER


async def begun(response: bytes, responses: HeldResponses) -> asyncio.Future[bytes]:
    """Starts a response, and lets it advance as far as it can at once."""

    async def send() -> bytes:
        await responses.wait_to_send(PEER)
        return response

    sending = asyncio.ensure_future(send())
    for _ in range(3):
        await asyncio.sleep(0)
    return sending


async def test_a_response_is_sent_at_once() -> None:
    assert (await begun(b"it", HeldResponses())).result() == b"it"


async def test_responses_wait_until_they_are_released() -> None:
    responses = HeldResponses()
    responses.hold()
    held = [await begun(number, responses) for number in (b"1", b"2")]
    assert not any(response.done() for response in held)
    responses.release(last_after=0.01)
    assert await asyncio.gather(*held) == [b"1", b"2"]


async def test_the_last_response_of_a_connection_is_sent_last() -> None:
    responses, order = HeldResponses(), list[bytes]()
    responses.hold()
    held = [await begun(number, responses) for number in (b"1", b"2", b"3")]
    for response in held:
        response.add_done_callback(lambda done: order.append(done.result()))
    responses.release(last_after=0.01)
    await asyncio.gather(*held)
    assert order == [b"2", b"3", b"1"]
