"""Requests with earlier contents, whole or in part, are answered like first ones.

Servers may recognise repeated octets. Each request here has fields of earlier ones,
in any form of HPACK, and fields of its own, good or bad.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import grpc
import pytest
from hpack import Encoder, NeverIndexedHeaderTuple
from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.wire.conformance import frames
from tests.wire.conformance.frames import COMPRESSION_ERROR, PROTOCOL_ERROR, Fields, message
from tests.wire.conformance.peer import Peer, connected
from tests.wire.conformance.seen import connection_error, response, stream_error
from tests.wire.fuzz.strategies import bounded
from wire.server import server

_OWN = [b"x-id", b"x-note", b"grpc-accept-encoding"]
_GOOD = [b"4f1d", b"a-b_c", b"two words", b"", b"caf\xc3\xa9"]
_BAD = [b" 4f1d", b"4f1d\t", b"a\nb", b"a\0b"]
_FAULTS: list[Fields] = [
    [(b"X-Id", b"1")],
    [(b"te", b"gzip")],
    [(b"connection", b"close")],
    [(b":path", b"/other")],
    [(b"content-length", b"1")],
    [(b"content-length", b"+10")],
    *[[(b"x-id", value)] for value in _BAD],
]


@dataclass(frozen=True)
class Request:
    """A request of a conversation.

    Attributes:
        own: fields beside the common ones.
        kept_apart: the other end must not put those into its table.
        compact: strings are in Huffman's code.
        pieces: number of DATA frames.
        is_good: the request is well-formed.
    """

    own: tuple[tuple[bytes, bytes], ...]
    kept_apart: bool
    compact: bool
    pieces: int
    is_good: bool


def _requests(fields: Any, *, is_good: bool) -> Any:
    kept_apart = st.sampled_from([True, True, True, False])
    compact = st.sampled_from([False, False, True])
    pieces = st.sampled_from([1, 1, 1, 2, 3])
    return st.builds(Request, fields, kept_apart, compact, pieces, st.just(is_good))


_own = st.lists(st.tuples(st.sampled_from(_OWN), st.sampled_from(_GOOD)), max_size=3).map(tuple)
_repeated = Request((), kept_apart=False, compact=False, pieces=1, is_good=True)
_named = Request(
    tuple((name, b"1") for name in _OWN), kept_apart=False, compact=False, pieces=1, is_good=True
)
# Earlier parts: fields of all kinds, and identical requests.
_BEFORE = [_named, _repeated, _repeated, _repeated]
# The same octets of HPACK, with another meaning each time.
_RENAMED = [
    Request(((b"x-id", value),), kept_apart=False, compact=False, pieces=1, is_good=True)
    for value in (b"1", b"2", b"3")
    for _ in range(4)
]
_conversations = st.lists(
    st.one_of(
        _requests(st.just(()), is_good=True),
        _requests(_own, is_good=True),
        _requests(st.sampled_from(_FAULTS).map(tuple), is_good=False),
    ),
    min_size=1,
    max_size=10,
)


async def _echo(_: bytes, context: Any) -> bytes:
    return _told([(key, value.encode("latin-1")) for key, value in context.invocation_metadata()])


def _told(metadata: list[tuple[str, bytes]]) -> bytes:
    return repr(sorted(metadata)).encode()


@asynccontextmanager
async def _conversing(split: int = 1 << 16) -> AsyncIterator[Peer]:
    serving = server()
    handler: Any = grpc.unary_unary_rpc_method_handler(_echo)
    serving.add_registered_method_handlers("test.Echo", {"Echo": handler})
    port = serving.add_insecure_port("127.0.0.1:0")
    await serving.start()
    async with connected(port, split=split) as peer:
        await peer.send(frames.PREFACE + frames.settings())
        yield peer
    await serving.stop(0)


async def _converse(conversation: list[Request], split: int) -> None:
    encoder = Encoder()
    async with _conversing(split) as peer:
        for number, request in enumerate([*_BEFORE, *conversation]):
            stream = 2 * number + 1
            await peer.send(_octets(encoder, stream, request))
            await peer.wait_for([_expected(stream, request)])


def _octets(encoder: Encoder, stream: int, request: Request) -> bytes:
    kept = NeverIndexedHeaderTuple if request.kept_apart else lambda *field: field
    fields = [*frames.REQUEST, *(kept(*field) for field in request.own)]
    block = encoder.encode(fields, huffman=request.compact)
    body = frames.HELLO
    cut = len(body) // request.pieces
    pieces = [body[i * cut : (i + 1) * cut] for i in range(request.pieces - 1)]
    pieces.append(body[(request.pieces - 1) * cut :])
    return frames.headers(stream, block) + b"".join(
        frames.data(stream, piece, end=piece is pieces[-1]) for piece in pieces
    )


def _expected(stream: int, request: Request) -> Any:
    if not request.is_good:
        return stream_error(PROTOCOL_ERROR, stream=stream)
    seen = [(name.decode(), value) for name, value in request.own if name in {b"x-id", b"x-note"}]
    return response(stream, message(_told(seen)))


@hypothesis_settings(bounded, max_examples=100)
@example(_RENAMED, 1 << 16)
@given(_conversations, st.sampled_from([1 << 16, 40, 7]))
def test_a_repeated_request_is_answered_like_the_first(
    conversation: list[Request], split: int
) -> None:
    asyncio.run(_converse(conversation, split))


@pytest.mark.parametrize(
    "cut", [b"\x0f", b"\0", b"\x1f", b"\x0f\x20", b"\x01\x05ab", b"\x0f\x20\x7f"]
)
async def test_a_repeated_block_that_ends_within_a_field_is_refused(cut: bytes) -> None:
    encoder = Encoder()
    async with _conversing() as peer:
        for stream in (1, 3, 5):
            await peer.send(_octets(encoder, stream, _repeated))
            await peer.wait_for([_expected(stream, _repeated)])
        await peer.send(frames.headers(7, encoder.encode(frames.REQUEST) + cut))
        await peer.wait_for([connection_error(COMPRESSION_ERROR)])
