"""Servers send unreadable responses: the call fails, the process and other calls do not."""

import zlib
from collections.abc import Callable
from typing import Any

import grpc
import pytest
from hpack import Encoder
from hyperframe.frame import DataFrame, HeadersFrame, RstStreamFrame

from tests.wire.channel.scripted_server import (
    HEAD,
    OK,
    Peer,
    Request,
    framed,
    respond_to_all,
    serving,
)
from wire.channel import ChannelOptions, channel
from wire.errors import TransportError
from wire.http2.limits import Limits

_PATH = "/test.Service/Method"
_UNREADABLE = "an upstream service's answer cannot be read"
_OPTIONS = ChannelOptions(limits=Limits(max_message_bytes=1000, max_header_list=2000))

Field = tuple[bytes, bytes]


def _headers(request: Request, fields: list[Field], *, end: bool = False) -> bytes:
    flags = ["END_HEADERS", "END_STREAM"] if end else ["END_HEADERS"]
    block = Encoder().encode(fields)
    return HeadersFrame(request.stream_id, data=block, flags=flags).serialize()


def _data(request: Request, data: bytes, *, end: bool = False) -> bytes:
    flags = ["END_STREAM"] if end else []
    return DataFrame(request.stream_id, data=data, flags=flags).serialize()


def _response(
    *messages: bytes, head: list[Field] = HEAD, trailers: list[Field] = OK
) -> Callable[[Request], bytes]:
    def make(request: Request) -> bytes:
        data = b"".join(_data(request, message) for message in messages)
        return _headers(request, head) + data + _headers(request, trailers, end=True)

    return make


_BOMB = zlib.compress(bytes(500 << 10))
_DEFLATE: list[Field] = [*HEAD, (b"grpc-encoding", b"deflate")]

_RESPONSES: dict[str, tuple[Callable[[Request], bytes], grpc.StatusCode]] = {
    "no message": (_response(), grpc.StatusCode.INTERNAL),
    "two messages": (_response(framed(b"a") + framed(b"b")), grpc.StatusCode.UNIMPLEMENTED),
    "two messages in two frames": (
        _response(framed(b"a"), framed(b"b")),
        grpc.StatusCode.UNIMPLEMENTED,
    ),
    "an unknown flag": (_response(b"\x02\x00\x00\x00\x00"), grpc.StatusCode.INTERNAL),
    "half a message": (_response(b"\x00\x00\x00\x00\x09half"), grpc.StatusCode.INTERNAL),
    "half a prefix": (_response(b"\x00\x00"), grpc.StatusCode.INTERNAL),
    "a message beyond the limit": (
        _response(framed(bytes(1001))),
        grpc.StatusCode.RESOURCE_EXHAUSTED,
    ),
    "a prefix of 4 GB": (_response(b"\x00\xff\xff\xff\xff"), grpc.StatusCode.RESOURCE_EXHAUSTED),
    "a compressed bomb": (
        _response(b"\x01" + len(_BOMB).to_bytes(4, "big") + _BOMB, head=_DEFLATE),
        grpc.StatusCode.RESOURCE_EXHAUSTED,
    ),
    "compression that was not announced": (
        _response(b"\x01\x00\x00\x00\x01x"),
        grpc.StatusCode.INTERNAL,
    ),
    "an unknown encoding": (
        _response(framed(b"a"), head=[*HEAD, (b"grpc-encoding", b"snappy")]),
        grpc.StatusCode.INTERNAL,
    ),
    "broken compression": (
        _response(b"\x01\x00\x00\x00\x01x", head=_DEFLATE),
        grpc.StatusCode.INTERNAL,
    ),
    "a status that is no number": (
        _response(framed(b"a"), trailers=[(b"grpc-status", b"fine")]),
        grpc.StatusCode.UNKNOWN,
    ),
    "no status": (_response(framed(b"a"), trailers=[(b"a", b"b")]), grpc.StatusCode.UNKNOWN),
    "an end without trailers": (
        lambda request: _headers(request, HEAD) + _data(request, framed(b"a"), end=True),
        grpc.StatusCode.INTERNAL,
    ),
    "metadata that is no base64": (
        _response(framed(b"a"), trailers=[*OK, (b"a-bin", b"*")]),
        grpc.StatusCode.INTERNAL,
    ),
    "headers beyond the limit": (
        _response(framed(b"a"), head=[*HEAD, (b"a", b"b" * 2000)]),
        grpc.StatusCode.INTERNAL,
    ),
    "trailers beyond the limit": (
        _response(framed(b"a"), trailers=[*OK, (b"a", b"b" * 2000)]),
        grpc.StatusCode.INTERNAL,
    ),
    "data before headers": (lambda request: _data(request, framed(b"a")), grpc.StatusCode.INTERNAL),
    "headers without a status": (
        lambda request: _headers(request, [(b"content-type", b"application/grpc")]),
        grpc.StatusCode.INTERNAL,
    ),
    "an upper-case name": (
        _response(framed(b"a"), head=[*HEAD, (b"Upper", b"x")]),
        grpc.StatusCode.INTERNAL,
    ),
    "endless informational headers": (
        lambda request: _headers(request, [(b":status", b"103")]) * 300,
        grpc.StatusCode.INTERNAL,
    ),
    "trailers in the middle": (
        lambda request: _headers(request, HEAD) + _headers(request, OK),
        grpc.StatusCode.INTERNAL,
    ),
    "another content-type": (
        _response(framed(b"a"), head=[(b":status", b"200"), (b"content-type", b"text/html")]),
        grpc.StatusCode.UNKNOWN,
    ),
    "an HTTP error": (
        _response(b"<html>", head=[(b":status", b"503"), (b"content-type", b"text/html")]),
        grpc.StatusCode.UNAVAILABLE,
    ),
    "a reset": (
        lambda request: RstStreamFrame(request.stream_id, error_code=2).serialize(),
        grpc.StatusCode.INTERNAL,
    ),
    "a reset with an unknown code": (
        lambda request: RstStreamFrame(request.stream_id, error_code=0xDEADBEEF).serialize(),
        grpc.StatusCode.INTERNAL,
    ),
    "a reset with CANCEL": (
        lambda request: RstStreamFrame(request.stream_id, error_code=8).serialize(),
        grpc.StatusCode.CANCELLED,
    ),
}


@pytest.mark.parametrize("name", _RESPONSES)
async def test_a_bad_response_fails_its_call_alone(name: str) -> None:
    make, code = _RESPONSES[name]

    async def script(peer: Peer) -> None:
        peer.greet()
        peer.respond(await peer.request())
        bad, good = await peer.request(), await peer.request()
        peer.raw(make(bad))
        peer.h2.encoder = Encoder()
        peer.respond(good)

    async with serving(script) as server, channel(server.target, options=_OPTIONS) as opened:
        method = opened.unary_unary(_PATH)
        assert await method(b"") == b"response"
        bad, good = method(b"", timeout=10), method(b"", timeout=10)

        assert await good == b"response"
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await bad

        assert caught.value.code() is code
        assert len(server.peers) == 1
        if isinstance(caught.value, TransportError):
            assert server.target not in (caught.value.details() or "")
            if code is grpc.StatusCode.INTERNAL:
                assert caught.value.details() == _UNREADABLE


_CONNECTION_ENDERS = {
    "garbage": b"\xff" * 100,
    "HTTP/1": b"HTTP/1.1 400 Bad Request\r\n\r\n",
    "a header block that cannot be read": bytes.fromhex("0000020104000000017fff"),
    "a frame of 16 MB": b"\xff\xff\xff\x00\x00\x00\x00\x00\x01",
    "SETTINGS on a stream": bytes.fromhex("000000040000000001"),
    "a window beyond 2^31": bytes.fromhex("0000040800000000007fffffff") * 2,
    "a push": bytes.fromhex("000004050400000001") + bytes(4),
}


@pytest.mark.parametrize("name", _CONNECTION_ENDERS)
async def test_a_broken_connection_is_replaced(name: str) -> None:
    async def script(peer: Peer) -> None:
        peer.greet()
        await peer.request()
        peer.raw(_CONNECTION_ENDERS[name])

    async with serving(script, respond_to_all) as server, channel(server.target) as opened:
        method = opened.unary_unary(_PATH)
        with pytest.raises(TransportError) as caught:
            await method(b"", timeout=10)

        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
        assert await method(b"", timeout=10, wait_for_ready=True) == b"response"


@pytest.mark.parametrize("code", [*range(0x10), 0xDEADBEEF, 0xFFFFFFFF])
async def test_any_code_of_goaway_is_survived(code: int) -> None:
    async def script(peer: Peer) -> None:
        peer.greet()
        await peer.request()
        debug = b"\xff" * 5
        peer.raw(
            (8 + len(debug)).to_bytes(3, "big")
            + b"\x07\x00\x00\x00\x00\x00\x00\x00\x00\x00"
            + code.to_bytes(4, "big")
            + debug
        )

    # The request's stream lies above the last one, so the channel moves it at once.
    async with serving(script, respond_to_all) as server, channel(server.target) as opened:
        assert await opened.unary_unary(_PATH)(b"", timeout=10) == b"response"


async def test_data_beyond_the_window_is_not_kept() -> None:
    async def script(peer: Peer) -> None:
        peer.greet()
        request = await peer.request()
        peer.raw(_headers(request, HEAD))
        peer.raw(_data(request, framed(bytes(16379))) * 20)

    limits = Limits(initial_window=65536)
    options = ChannelOptions(limits=limits)
    async with serving(script) as server, channel(server.target, options=options) as opened:
        call: Any = opened.unary_stream(_PATH)(b"", timeout=10)

        assert await call.code() is grpc.StatusCode.INTERNAL
        assert "window" in await call.debug_error_string()


async def test_what_comes_after_an_end_is_ignored() -> None:
    async def script(peer: Peer) -> None:
        peer.greet()
        request = await peer.request()
        peer.respond(request)
        peer.raw(RstStreamFrame(request.stream_id, error_code=0).serialize())
        while True:
            peer.respond(await peer.request())

    async with serving(script) as server, channel(server.target) as opened:
        for _ in range(3):
            assert await opened.unary_unary(_PATH)(b"", timeout=10) == b"response"
        assert len(server.peers) == 1
