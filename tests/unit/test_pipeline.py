"""What every call passes through, with a servicer that does as it is told."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, cast

from rpc.call import Call, current_call
from rpc.errors import invalid_argument
from rpc.logs import configure_logs

import grpc
import pytest

from proto import user_pb2, user_pb2_grpc
from tests.support.in_process import serving
from tests.support.logging_setup import logs_restored
from tests.support.waiting import LIMIT_SECONDS, eventually

SERVICE = "user.MockUserDataService"
METHOD = f"/{SERVICE}/GetMockUserData"
REQUEST = user_pb2.UserName(name="krithik")
OTHER_METHOD = "/other.Service/Method"
Answer = Callable[[user_pb2.UserName], Awaitable[user_pb2.User]]


class Servicer(user_pb2_grpc.MockUserDataServiceServicer):
    """Answers as `answer` says."""

    def __init__(self) -> None:
        self.answer: Answer = self._answer
        self.calls: list[Call | None] = []

    async def GetMockUserData(
        self, request: user_pb2.UserName, context: grpc.aio.ServicerContext[Any, Any]
    ) -> user_pb2.User:
        self.calls.append(current_call.get())
        return await self.answer(request)

    @staticmethod
    async def _answer(request: user_pb2.UserName) -> user_pb2.User:
        return user_pb2.User(name=request.name)


@pytest.fixture
def servicer() -> Servicer:
    return Servicer()


@pytest.fixture
async def channel(
    servicer: Servicer, capsys: pytest.CaptureFixture[str]
) -> AsyncIterator[grpc.aio.Channel]:
    """A channel to a server that takes two calls at once, and has another service beside ours."""

    def add(server: grpc.aio.Server, _: object) -> None:
        user_pb2_grpc.add_MockUserDataServiceServicer_to_server(servicer, server)
        other: dict[str, Any] = {"Method": grpc.unary_unary_rpc_method_handler(answer_other)}
        server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler("other.Service", other),)
        )

    async def answer_other(request: bytes, _: object) -> bytes:
        assert current_call.get() is None
        return request

    with logs_restored():
        configure_logs("test", "json")
        async with (
            serving(SERVICE, add, max_concurrent_rpcs=2, log_format="json") as server,
            grpc.aio.insecure_channel(server.address) as channel,
        ):
            yield channel


@pytest.fixture
def logged(capsys: pytest.CaptureFixture[str]) -> Callable[[], list[dict[str, Any]]]:
    def calls() -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in capsys.readouterr().err.split("\n")[:-1]]
        return [line for line in lines if line["event"] == "call"]

    return calls


Logged = Callable[[], list[dict[str, Any]]]


async def failure(call: Awaitable[Any]) -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await call
    return raised.value


def get(channel: grpc.aio.Channel, **options: Any) -> Any:
    stub = user_pb2_grpc.MockUserDataServiceStub(channel)
    return stub.GetMockUserData(REQUEST, **{"timeout": LIMIT_SECONDS, **options})


async def test_the_servicer_is_told_of_the_call(
    channel: grpc.aio.Channel, servicer: Servicer, logged: Logged
) -> None:
    await get(channel, metadata=(("x-request-id", "r-1"),))
    (call,) = servicer.calls
    assert call is not None
    assert (call.method, call.request_id) == (METHOD, "r-1")
    assert call.expires is not None
    (line,) = logged()
    assert (line["code"], line["request_id"]) == ("OK", "r-1")


async def test_an_unexpected_exception_is_opaque_and_in_the_log_under_the_same_id(
    channel: grpc.aio.Channel, servicer: Servicer, logged: Logged
) -> None:
    async def answer(_: user_pb2.UserName) -> user_pb2.User:
        raise KeyError("password")

    servicer.answer = answer
    error = await failure(get(channel))
    assert error.code() is grpc.StatusCode.INTERNAL
    (line,) = logged()
    assert error.details() == (
        f"internal error; the server's log has it under request id {line['request_id']}"
    )
    assert ("x-request-id", line["request_id"]) in tuple(error.trailing_metadata())
    assert "password" not in str(error)
    assert "KeyError: 'password'" in line["diagnosis"]
    assert "Traceback" in line["diagnosis"]


async def test_a_refusal_reaches_the_caller(
    channel: grpc.aio.Channel, servicer: Servicer, logged: Logged
) -> None:
    async def answer(_: user_pb2.UserName) -> user_pb2.User:
        invalid_argument("name", "too short")

    servicer.answer = answer
    error = await failure(get(channel))
    assert (error.code(), error.details()) == (grpc.StatusCode.INVALID_ARGUMENT, "too short")
    (line,) = logged()
    assert (line["code"], line["message"]) == ("INVALID_ARGUMENT", "too short")


async def test_bytes_that_are_no_message_do_not_reach_the_servicer(
    channel: grpc.aio.Channel, servicer: Servicer, logged: Logged
) -> None:
    send: Any = channel.unary_unary(METHOD)
    error = await failure(send(b"\x0a\x05ab", timeout=LIMIT_SECONDS))
    assert error.code() is grpc.StatusCode.INTERNAL
    assert servicer.calls == []
    (line,) = logged()
    assert line["code"] == "INTERNAL"


async def test_a_method_that_is_not_there_is_unimplemented(
    channel: grpc.aio.Channel, logged: Logged
) -> None:
    send: Any = channel.unary_unary(f"/{SERVICE}/Nothing")
    error = await failure(send(b"", timeout=LIMIT_SECONDS))
    assert error.code() is grpc.StatusCode.UNIMPLEMENTED
    (line,) = logged()
    assert (line["code"], line["method"]) == ("UNIMPLEMENTED", f"/{SERVICE}/Nothing")
    assert ("x-request-id", line["request_id"]) in tuple(error.trailing_metadata())


async def test_a_method_that_the_servicer_does_not_have_is_unimplemented() -> None:
    class Empty(user_pb2_grpc.MockUserDataServiceServicer):
        pass

    def add(server: grpc.aio.Server, _: object) -> None:
        user_pb2_grpc.add_MockUserDataServiceServicer_to_server(Empty(), server)

    async with (
        serving(SERVICE, add) as server,
        grpc.aio.insecure_channel(server.address) as channel,
    ):
        error = await failure(get(channel))
    assert error.code() is grpc.StatusCode.UNIMPLEMENTED


async def test_its_exception_raised_by_mistake_is_opaque(
    channel: grpc.aio.Channel, servicer: Servicer
) -> None:
    async def answer(_: user_pb2.UserName) -> user_pb2.User:
        raise NotImplementedError("secret")

    servicer.answer = answer
    error = await failure(get(channel))
    assert error.code() is grpc.StatusCode.INTERNAL
    assert "secret" not in str(error)


async def test_a_call_that_is_aborted_by_grpcs_own_means_is_logged_as_it_ended(
    channel: grpc.aio.Channel, servicer: Servicer, logged: Logged
) -> None:
    async def answer(_: user_pb2.UserName) -> user_pb2.User:
        (call,) = servicer.calls
        assert call is not None
        await call.context.abort(grpc.StatusCode.NOT_FOUND, "no such user")

    servicer.answer = answer
    error = await failure(get(channel))
    assert (error.code(), error.details()) == (grpc.StatusCode.NOT_FOUND, "no such user")
    line = await next_line(logged)
    assert (line["code"], line["message"]) == ("NOT_FOUND", "no such user")


async def test_a_status_that_is_set_by_grpcs_own_means_ends_the_call(
    channel: grpc.aio.Channel, servicer: Servicer, logged: Logged
) -> None:
    async def answer(_: user_pb2.UserName) -> user_pb2.User:
        (call,) = servicer.calls
        assert call is not None
        call.context.set_trailing_metadata((("key", "value"),))
        call.context.set_code(grpc.StatusCode.NOT_FOUND)
        call.context.set_details("no such user")
        return user_pb2.User()

    servicer.answer = answer
    error = await failure(get(channel))
    assert (error.code(), error.details()) == (grpc.StatusCode.NOT_FOUND, "no such user")
    assert ("key", "value") in tuple(error.trailing_metadata())
    (line,) = logged()
    assert (line["code"], line["message"]) == ("NOT_FOUND", "no such user")


async def test_an_answer_that_is_none_is_an_opaque_error(
    channel: grpc.aio.Channel, servicer: Servicer, logged: Logged
) -> None:
    async def answer(_: user_pb2.UserName) -> user_pb2.User:
        return cast("user_pb2.User", None)

    servicer.answer = answer
    error = await failure(get(channel))
    assert error.code() is grpc.StatusCode.INTERNAL
    assert (error.details() or "").startswith("internal error; ")
    (line,) = logged()
    assert line["code"] == "INTERNAL"
    assert "NoneType" in line["diagnosis"]


async def test_a_request_over_the_limit_is_no_error_of_the_servers(
    channel: grpc.aio.Channel, logged: Logged
) -> None:
    send: Any = channel.unary_unary(METHOD)
    error = await failure(send(bytes(5_000_000), timeout=LIMIT_SECONDS))
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert (await next_line(logged))["code"] == "CANCELLED"


async def test_a_caller_that_leaves_before_its_request_is_no_error_of_the_servers(
    channel: grpc.aio.Channel, logged: Logged
) -> None:
    # All that gets there of such a call is its beginning.
    call: Any = channel.stream_unary(METHOD)(timeout=0.2)
    with pytest.raises((asyncio.CancelledError, grpc.aio.AioRpcError)):
        await call
    assert (await next_line(logged))["code"] in {"DEADLINE_EXCEEDED", "CANCELLED"}


async def test_a_call_without_a_request_is_internal(
    channel: grpc.aio.Channel, logged: Logged
) -> None:
    send: Any = channel.stream_unary(METHOD)
    call = send(timeout=LIMIT_SECONDS)
    await call.done_writing()
    error = await failure(call)
    assert error.details() == "the call ended without a request"
    (line,) = logged()
    assert line["code"] == "INTERNAL"


async def test_calls_past_the_limit_are_refused_and_other_services_are_not(
    channel: grpc.aio.Channel, servicer: Servicer
) -> None:
    release = asyncio.Event()

    async def answer(_: user_pb2.UserName) -> user_pb2.User:
        await release.wait()
        return user_pb2.User()

    servicer.answer = answer
    calls = [get(channel) for _ in range(2)]
    await eventually(lambda: len(servicer.calls) == 2, "both calls are being answered")
    error = await failure(get(channel))
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    other: Any = channel.unary_unary(OTHER_METHOD)
    assert await other(b"request", timeout=LIMIT_SECONDS) == b"request"
    release.set()
    assert await asyncio.gather(*calls) == [user_pb2.User()] * 2


async def next_line(logged: Logged) -> dict[str, Any]:
    """The log's next line about a call, which may be written after its caller has the answer."""
    lines: list[dict[str, Any]] = []

    def is_there() -> bool:
        lines.extend(logged())
        return lines != []

    await eventually(is_there, "the call is in the log")
    (line,) = lines
    return line


async def answer_never(_: user_pb2.UserName) -> user_pb2.User:
    await asyncio.Event().wait()
    raise AssertionError


async def test_a_caller_that_cancels_ends_the_servicers_work(
    channel: grpc.aio.Channel, servicer: Servicer, logged: Logged
) -> None:
    servicer.answer = answer_never
    call = get(channel)
    await eventually(lambda: servicer.calls != [], "the call is being answered")
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert (await next_line(logged))["code"] == "CANCELLED"


async def test_a_caller_that_gives_up_ends_the_servicers_work(
    channel: grpc.aio.Channel, servicer: Servicer, logged: Logged
) -> None:
    await get(channel)
    assert len(logged()) == 1
    servicer.answer = answer_never
    error = await failure(get(channel, timeout=1.0))
    assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    # The caller's cancellation can be here before the server's own clock has come so far.
    assert (await next_line(logged))["code"] in {"DEADLINE_EXCEEDED", "CANCELLED"}


async def test_a_method_that_streams_is_refused_when_it_is_added() -> None:
    def add(server: grpc.aio.Server, _: object) -> None:
        stream: dict[str, Any] = {
            "Stream": grpc.unary_stream_rpc_method_handler(lambda _, __: iter(()))
        }
        # types-grpcio 1.82 lacks the method.
        server.add_registered_method_handlers(SERVICE, stream)  # type: ignore[attr-defined]

    with pytest.raises(TypeError, match=f"/{SERVICE}/Stream is not a unary method"):
        async with serving(SERVICE, add):
            pass
