"""Responses in any pieces and any company: each call gets its own."""

import asyncio
import random

import grpc
import pytest
from hpack import Encoder
from hyperframe.frame import DataFrame, Frame, HeadersFrame, PingFrame, WindowUpdateFrame

from tests.wire.channel.scripted_server import HEAD, OK, Peer, framed, serving
from wire.channel import channel

_PATH = "/test.Service/Method"
# Fewer than the streams allowed by the h2 package.
_CALLS = 90


def _response(
    encoder: Encoder, stream_id: int, message: bytes, chance: random.Random
) -> list[Frame]:
    head, trailers = HEAD, OK
    if chance.random() < 0.05:
        # Changes the table, and the meaning of its indices.
        head = [*HEAD, (b"x-new", b"%d" % chance.randrange(1000))]
    if message.endswith(b"7"):
        trailers = [(b"grpc-status", b"9"), (b"grpc-message", message)]
    elif message.endswith(b"8"):
        # The same octets as those of OK, after the table has shifted.
        trailers = [(b"grpc-status", b"10")]
    data = framed(message)
    cut = chance.randrange(len(data)) if chance.random() < 0.1 else 0
    pieces = [data[:cut], data[cut:]] if cut else [data]
    frames: list[Frame] = [
        HeadersFrame(stream_id, data=encoder.encode(head), flags=["END_HEADERS"]),
        *[DataFrame(stream_id, data=piece) for piece in pieces],
        HeadersFrame(stream_id, data=encoder.encode(trailers), flags=["END_HEADERS", "END_STREAM"]),
    ]
    if chance.random() < 0.1:
        frames.append(PingFrame(0, opaque_data=b"12345678"))
    if chance.random() < 0.1:
        frames.append(WindowUpdateFrame(0, window_increment=2000))
    return frames


@pytest.mark.parametrize("seed", range(20))
async def test_each_call_gets_its_own_response(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - a seed for the same bytes each time

    async def script(peer: Peer) -> None:
        peer.greet()
        encoder = Encoder()
        first = await peer.request()
        requests = [first, *[await peer.request() for _ in range(_CALLS - 1)]]
        chance.shuffle(requests)
        stream = b"".join(
            frame.serialize()
            for request in requests
            for frame in _response(encoder, request.stream_id, request.body[5:], chance)
        )
        position = 0
        while position < len(stream):
            size = chance.choice((1, 5, 50, 500, 5000))
            peer.raw(stream[position : position + size])
            position += size
            await asyncio.sleep(0)

    async with serving(script) as server, channel(server.target) as opened:
        method = opened.unary_unary(_PATH)
        messages = [b"%d-%d" % (seed, number) for number in range(_CALLS)]
        calls = [method(message, timeout=30) for message in messages]
        responses = await asyncio.gather(*calls, return_exceptions=True)

        for message, response in zip(messages, responses, strict=True):
            if message.endswith(b"7"):
                assert isinstance(response, grpc.aio.AioRpcError)
                assert response.code() is grpc.StatusCode.FAILED_PRECONDITION
                assert response.details() == message.decode()
            elif message.endswith(b"8"):
                assert isinstance(response, grpc.aio.AioRpcError)
                assert response.code() is grpc.StatusCode.ABORTED
            else:
                assert response == message
