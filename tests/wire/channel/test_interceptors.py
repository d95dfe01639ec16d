"""Client interceptors of grpc.aio on a channel of wire."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest

from tests.wire.channel.scripted_server import Peer, respond_to_all, serving
from wire.channel import channel

_PATH = "/test.Service/Method"


class _Stamp(grpc.aio.UnaryUnaryClientInterceptor):
    """Adds metadata, and records each call."""

    def __init__(self, name: str, seen: list[str]) -> None:
        self._name = name
        self._seen = seen

    async def intercept_unary_unary(
        self, continuation: Any, client_call_details: Any, request: Any
    ) -> Any:
        self._seen.append(self._name)
        client_call_details.metadata.add("stamp", self._name)
        return await continuation(client_call_details, request)


class _Refuse(grpc.aio.UnaryUnaryClientInterceptor):
    async def intercept_unary_unary(
        self, continuation: Any, client_call_details: Any, request: Any
    ) -> Any:
        if client_call_details.method == _PATH.encode():
            return b"own response"
        raise grpc.aio.AioRpcError(grpc.StatusCode.ABORTED, details="no")


class _Upper(grpc.aio.UnaryStreamClientInterceptor):
    async def intercept_unary_stream(
        self, continuation: Any, client_call_details: Any, request: Any
    ) -> Any:
        call = await continuation(client_call_details, request)

        async def responses() -> AsyncIterator[bytes]:
            async for response in call:
                yield response.upper()

        return responses()


class _PassOn(grpc.aio.StreamStreamClientInterceptor, grpc.aio.StreamUnaryClientInterceptor):
    async def intercept_stream_stream(
        self, continuation: Any, client_call_details: Any, request_iterator: Any
    ) -> Any:
        return await continuation(client_call_details, request_iterator)

    async def intercept_stream_unary(
        self, continuation: Any, client_call_details: Any, request_iterator: Any
    ) -> Any:
        return await continuation(client_call_details, request_iterator)


class _Double(grpc.aio.StreamStreamClientInterceptor, grpc.aio.StreamUnaryClientInterceptor):
    """Has its own iterators of requests and of responses."""

    async def intercept_stream_stream(
        self, continuation: Any, client_call_details: Any, request_iterator: Any
    ) -> Any:
        call = await continuation(client_call_details, self._twice(request_iterator))

        async def responses() -> AsyncIterator[bytes]:
            async for response in call:
                yield response + response

        return responses()

    async def intercept_stream_unary(
        self, continuation: Any, client_call_details: Any, request_iterator: Any
    ) -> Any:
        return await continuation(client_call_details, self._twice(request_iterator))

    async def _twice(self, requests: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        async for request in requests:
            yield request + request


class _Redirect(grpc.aio.UnaryUnaryClientInterceptor):
    async def intercept_unary_unary(
        self, continuation: Any, client_call_details: Any, request: Any
    ) -> Any:
        redirected = grpc.aio.ClientCallDetails(
            "/test.Service/Other",
            client_call_details.timeout,
            client_call_details.metadata,
            client_call_details.credentials,
            client_call_details.wait_for_ready,
        )
        return await continuation(redirected, request)


async def test_interceptors_see_a_call_in_their_order() -> None:
    seen: list[str] = []
    stamps = [_Stamp("outer", seen), _Stamp("inner", seen)]
    async with (
        serving(respond_to_all) as server,
        channel(server.target, interceptors=stamps) as opened,
    ):
        call: Any = opened.unary_unary(_PATH)(b"", timeout=10, metadata=(("a", "1"),))

        assert await call == b"response"
        assert await call.code() is grpc.StatusCode.OK
        assert await call.details() == ""
        assert call.done()
        assert seen == ["outer", "inner"]
        headers = server.peers[0].requests[1].headers
        assert (headers[b"a"], headers[b"stamp"]) == (b"1", b"inner")


async def test_an_interceptor_can_respond_itself() -> None:
    async with channel("127.0.0.1:1", interceptors=[_Refuse()]) as opened:
        call: Any = opened.unary_unary(_PATH)(b"")
        assert await call == b"own response"
        assert await call.code() is grpc.StatusCode.OK

        refused: Any = opened.unary_unary("/test.Service/Other")(b"")
        assert await refused.code() is grpc.StatusCode.ABORTED
        with pytest.raises(grpc.aio.AioRpcError):
            await refused


async def test_an_interceptor_can_change_a_stream() -> None:
    async with (
        serving(respond_to_all) as server,
        channel(server.target, interceptors=[_Upper()]) as opened,
    ):
        call = opened.unary_stream(_PATH)(b"", timeout=10)
        assert [response async for response in call] == [b"RESPONSE"]
        again = opened.unary_stream(_PATH)(b"", timeout=10)
        assert await again.read() == b"RESPONSE"
        assert await again.read() is grpc.aio.EOF


async def _echo_two(peer: Peer) -> None:
    peer.greet()
    for _ in range(2):
        request = await peer.request()
        peer.respond(request, request.body[5:])


async def test_intercepted_calls_can_be_written_to() -> None:
    async with (
        serving(_echo_two) as server,
        channel(server.target, interceptors=[_PassOn()]) as opened,
    ):
        streams = opened.stream_stream(_PATH)(timeout=10)
        await streams.write(b"one")
        await streams.done_writing()
        assert await streams.read() == b"one"

        requests = opened.stream_unary(_PATH)(timeout=10)
        await requests.write(b"two")
        await requests.done_writing()
        assert await requests == b"two"


@pytest.mark.parametrize("interceptors", [[], [_PassOn(), _Refuse(), _Upper()]])
async def test_calls_are_of_one_kind_of_grpc_aios(interceptors: list[Any]) -> None:
    kinds = ("UnaryUnary", "UnaryStream", "StreamUnary", "StreamStream")
    async with channel("127.0.0.1:1", interceptors=interceptors) as opened:
        made: list[Any] = [
            opened.unary_unary(_PATH),
            opened.unary_stream(_PATH),
            opened.stream_unary(_PATH),
            opened.stream_stream(_PATH),
        ]
        for kind, multicallable in zip(kinds, made, strict=True):
            call = multicallable(b"" if kind.startswith("Unary") else iter(()))
            assert isinstance(call, grpc.aio.Call)
            assert [
                other
                for other in kinds
                if isinstance(multicallable, getattr(grpc.aio, f"{other}MultiCallable"))
            ] == [kind]
            assert [
                other for other in kinds if isinstance(call, getattr(grpc.aio, f"{other}Call"))
            ] == [kind]


async def test_intercepted_calls_take_requests_by_name() -> None:
    async with (
        serving(_echo_two) as server,
        channel(server.target, interceptors=[_PassOn()]) as opened,
    ):
        requests = opened.stream_unary(_PATH)(request_iterator=iter([b"one"]), timeout=10)
        assert await requests == b"one"


async def test_written_requests_go_through_interceptors() -> None:
    async with (
        serving(_echo_two) as server,
        channel(server.target, interceptors=[_Double()]) as opened,
    ):
        streams: Any = opened.stream_stream(_PATH)(timeout=10)
        await streams.write(b"one")
        await streams.done_writing()
        assert await streams.read() == b"oneone" * 2
        assert await streams.read() is grpc.aio.EOF
        assert await streams.code() is grpc.StatusCode.OK
        with pytest.raises(asyncio.InvalidStateError):
            await streams.write(b"late")

        requests: Any = opened.stream_unary(_PATH)(timeout=10)
        await requests.write(b"two")
        await requests.done_writing()
        assert await requests == b"twotwo"

        iterated: Any = opened.stream_unary(_PATH)(iter([b"three"]), timeout=10)
        with pytest.raises(grpc.aio.UsageError):
            await iterated.write(b"four")


async def test_a_writer_hears_of_the_end_of_an_intercepted_call() -> None:
    async def script(peer: Peer) -> None:
        peer.greet()
        peer.refuse(await peer.opened(), (b"grpc-status", b"5"))

    async with (
        serving(script) as server,
        channel(server.target, interceptors=[_PassOn()]) as opened,
    ):
        call: Any = opened.stream_stream(_PATH)(timeout=10)

        async def write_on() -> None:
            while True:
                await call.write(b"more")

        with pytest.raises(asyncio.InvalidStateError):
            await write_on()
        assert await call.code() is grpc.StatusCode.NOT_FOUND


async def test_an_interceptor_can_name_another_method() -> None:
    async with (
        serving(respond_to_all) as server,
        channel(server.target, interceptors=[_Redirect()]) as opened,
    ):
        await opened.unary_unary(_PATH)(b"", timeout=10)
        assert server.peers[0].requests[1].headers[b":path"] == b"/test.Service/Other"


async def test_an_intercepted_call_can_be_cancelled() -> None:
    async def script(peer: Peer) -> None:
        peer.greet()
        await peer.request()

    async with (
        serving(script) as server,
        channel(server.target, interceptors=[_Stamp("a", [])]) as opened,
    ):
        await opened.channel_ready()
        call: Any = opened.unary_unary(_PATH)(b"")
        peer = server.peers[0]
        await peer.until(lambda: 1 in peer.requests)

        assert call.cancel()
        assert await call.code() is grpc.StatusCode.CANCELLED
        assert await call.details() == "the call was cancelled by this side"
        await peer.until(lambda: peer.requests[1].reset_code == 8)


async def test_an_unknown_interceptor_is_refused() -> None:
    with pytest.raises(ValueError, match="none of grpc"):
        channel("127.0.0.1:1", interceptors=[object()])  # type: ignore[list-item]


class _Failing(grpc.aio.StreamUnaryClientInterceptor):
    async def intercept_stream_unary(
        self, continuation: Any, client_call_details: Any, request_iterator: Any
    ) -> Any:
        raise LookupError("no token")


async def test_a_writer_hears_what_an_interceptor_failed_with() -> None:
    async with channel("127.0.0.1:1", interceptors=[_Failing()]) as opened:
        call: Any = opened.stream_unary(_PATH)(timeout=10)
        with pytest.raises(LookupError):
            await call.write(b"one")
        with pytest.raises(LookupError):
            await call


class _Awaiting(grpc.aio.UnaryUnaryClientInterceptor):
    async def intercept_unary_unary(
        self, continuation: Any, client_call_details: Any, request: Any
    ) -> Any:
        call = await continuation(client_call_details, request)
        assert await call.code() is grpc.StatusCode.OK
        assert call.done()
        return await call + b"!"


async def test_an_interceptor_awaits_the_response_of_the_next() -> None:
    async with channel("127.0.0.1:1", interceptors=[_Awaiting(), _Refuse()]) as opened:
        call: Any = opened.unary_unary(_PATH)(b"")
        await call.wait_for_connection()
        assert await call == b"own response!"


class _Counting(grpc.aio.UnaryStreamClientInterceptor):
    async def intercept_unary_stream(
        self, continuation: Any, client_call_details: Any, request: Any
    ) -> Any:
        call = await continuation(client_call_details, request)
        assert await call.code() is grpc.StatusCode.OK
        return call


async def test_a_changed_stream_is_still_a_call() -> None:
    async with (
        serving(respond_to_all) as server,
        channel(server.target, interceptors=[_Counting(), _Upper()]) as opened,
    ):
        call: Any = opened.unary_stream(_PATH)(b"", timeout=10)
        await call.wait_for_connection()
        assert [response async for response in call] == [b"RESPONSE"]
        assert await call.code() is grpc.StatusCode.OK
