"""A channel reads a response in every form of HTTP/2 and HPACK."""

import asyncio
from dataclasses import dataclass

import grpc
import hpack
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.wire.conformance import frames
from tests.wire.conformance.frames import SETTINGS_ACK, Fields, data, headers, message
from tests.wire.conformance.peer import Peer
from tests.wire.conformance.upstream import GREETING, HEAD, listening, request_on
from tests.wire.fuzz.recorder import nothing_is_logged
from tests.wire.fuzz.strategies import bounded
from wire.channel import Channel, channel


@dataclass(frozen=True)
class Form:
    """A response and its encoding."""

    status: int
    body: bytes
    trailers_only: bool
    informational: int
    has_length: bool
    padding: int | None
    cut: int
    continued: bool
    more: Fields
    table_size: int | None
    huffman: bool


forms = st.builds(
    Form,
    status=st.sampled_from([0, 0, 0, 5, 13, 14]),
    body=st.binary(max_size=40),
    trailers_only=st.booleans(),
    informational=st.sampled_from([0, 0, 0, 1, 3]),
    has_length=st.sampled_from([False, False, True]),
    padding=st.sampled_from([None, None, None, 0, 7]),
    cut=st.sampled_from([0, 0, 0, 3, 7]),
    continued=st.sampled_from([False, False, False, True]),
    more=st.lists(
        st.tuples(st.sampled_from([b"x-a", b"x-b"]), st.sampled_from([b"1", b"2"])), max_size=2
    ),
    table_size=st.sampled_from([None, None, None, None, 0, 80, 4096]),
    huffman=st.booleans(),
)


class Writer:
    """Writes responses with one table, as a server does."""

    def __init__(self) -> None:
        self._encoder = hpack.Encoder()

    def response(self, stream: int, form: Form) -> bytes:
        if form.table_size not in (None, self._encoder.header_table_size):
            self._encoder.header_table_size = form.table_size
        parts = [
            self._headers(stream, [(b":status", b"103"), *form.more], form, end=False)
            for _ in range(form.informational)
        ]
        status = (b"grpc-status", b"%d" % form.status)
        if form.status and form.trailers_only:
            return b"".join([*parts, self._headers(stream, [*HEAD, status], form, end=True)])
        body = message(form.body)
        length = [(b"content-length", b"%d" % len(body))] if form.has_length else []
        parts.append(self._headers(stream, [*HEAD, *length, *form.more], form, end=False))
        parts += [
            data(stream, piece, end=False, padding=form.padding)
            for piece in (body[: form.cut], body[form.cut :])
            if piece
        ]
        parts.append(self._headers(stream, [status, *form.more], form, end=True))
        return b"".join(parts)

    def _headers(self, stream: int, fields: Fields, form: Form, *, end: bool) -> bytes:
        block = self._encoder.encode(fields, huffman=form.huffman)
        if form.continued:
            return headers(stream, block[:1], end=end, end_headers=False) + frames.continuation(
                stream, block[1:]
            )
        return headers(stream, block, end=end, padding=form.padding)


async def outcome(calls: Channel) -> tuple[int, bytes]:
    call = calls.unary_unary("/test.Echo/Echo")(b"hello", timeout=30)
    try:
        return 0, await call
    except grpc.aio.AioRpcError as error:
        number: int = error.code().value[0]
        return number, b""


async def play(peer: Peer, responses: list[Form]) -> None:
    writer = Writer()
    await peer.send(GREETING + SETTINGS_ACK)
    for number, form in enumerate(responses):
        stream = 2 * number + 1
        await peer.wait_for([request_on(stream)])
        await peer.send(writer.response(stream, form))


async def converse(responses: list[Form], *, at_once: bool) -> None:
    async with listening() as upstream, channel(f"ipv4:127.0.0.1:{upstream.port}") as calls:
        first = asyncio.create_task(outcome(calls))
        playing = asyncio.create_task(play(await upstream.first, responses))
        if at_once:
            rest = [asyncio.create_task(outcome(calls)) for _ in responses[1:]]
            outcomes = [await first, *[await call for call in rest]]
        else:
            outcomes = [await first, *[await outcome(calls) for _ in responses[1:]]]
        await playing
    assert outcomes == [(form.status, b"" if form.status else form.body) for form in responses]


@hypothesis_settings(bounded, max_examples=200)
@given(st.lists(forms, min_size=1, max_size=20), st.booleans())
def test_responses_are_read_as_they_are_meant(
    responses: list[Form],
    at_once: bool,  # noqa: FBT001
) -> None:
    with nothing_is_logged():
        asyncio.run(converse(responses, at_once=at_once))
