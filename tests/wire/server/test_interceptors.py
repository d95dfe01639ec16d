"""grpc.aio's server interceptors."""

from typing import Any

import grpc
import pytest

from tests.wire.server.service import calling, failure
from wire.server import server


class _Noting(grpc.aio.ServerInterceptor):
    def __init__(self, name: str, notes: list[str]) -> None:
        self._name = name
        self._notes = notes

    async def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:
        metadata = dict(handler_call_details.invocation_metadata)
        self._notes.append(f"{self._name} {handler_call_details.method} {metadata.get('key')}")
        return await continuation(handler_call_details)


class _Refusing(grpc.aio.ServerInterceptor):
    async def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:
        async def refuse(request: bytes, context: Any) -> bytes:
            await context.abort(grpc.StatusCode.UNAUTHENTICATED, "who are you?")
            return request

        return grpc.unary_unary_rpc_method_handler(refuse)


async def _echo(request: bytes, context: Any) -> bytes:
    return request


async def _each(requests: Any, context: Any) -> Any:
    async for request in requests:
        yield request


async def test_interceptors_run_in_their_order() -> None:
    notes: list[str] = []
    interceptors = [_Noting("first", notes), _Noting("second", notes)]
    async with calling("unary_unary", _echo, interceptors=interceptors) as call:
        assert await call(b"hello", metadata=(("key", "1"),)) == b"hello"
    assert notes == ["first /test.Service/Method 1", "second /test.Service/Method 1"]


async def test_an_interceptor_may_respond_instead() -> None:
    async with calling("unary_unary", _echo, interceptors=[_Refusing()]) as call:
        error = await failure(call(b""))
    assert error.code() is grpc.StatusCode.UNAUTHENTICATED


async def test_it_may_handle_a_stream_by_a_unary_handler() -> None:
    async with calling("stream_stream", _each, interceptors=[_Refusing()]) as call:
        stream = call(iter([b"one"]))
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stream.read()
    assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED


class _Forgetful(grpc.aio.ServerInterceptor):
    """Returns something else than a handler."""

    async def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:
        return str(await continuation(handler_call_details))


async def test_an_interceptor_without_a_handler_fails_the_call() -> None:
    async with calling("unary_unary", _echo, interceptors=[_Forgetful()]) as call:
        error = await failure(call(b"", timeout=30))
    assert (error.code(), error.details()) == (grpc.StatusCode.UNKNOWN, "the servicer failed")


async def test_a_method_that_nobody_has_stays_so() -> None:
    notes: list[str] = []
    async with calling("unary_unary", _echo, interceptors=[_Noting("first", notes)]) as call:
        call._method = b"/test.Service/Other"  # noqa: SLF001 - grpcio has no other way.
        assert (await failure(call(b""))).code() is grpc.StatusCode.UNIMPLEMENTED
    assert notes == ["first /test.Service/Other None"]


class _Blocking(grpc.ServerInterceptor):
    def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:
        return continuation(handler_call_details)


async def test_an_interceptor_for_threads_is_refused() -> None:
    with pytest.raises(ValueError, match="server interceptors"):
        server(interceptors=[_Blocking()])  # type: ignore[list-item]
