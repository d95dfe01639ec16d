"""The interceptor chain around every call, with a scripted servicer."""

import asyncio
import json
import logging
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, cast

from rpc.core.call import Call, current_call
from rpc.core.errors import RpcStatusError, invalid_argument
from rpc.core.outcome import Outcome
from rpc.interceptors.interceptor import Proceed, ServerInterceptor
from rpc.interceptors.interceptor_chain import InterceptorChain
from rpc.server.application import Application, Servicer
from rpc.telemetry.log_setup import configure_logs, get_logger

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from proto import user_pb2, user_pb2_grpc
from testing.in_process import serving
from testing.waiting import LIMIT_SECONDS, eventually
from tests.support.calls import make_call
from tests.support.logging_setup import logs_restored

SERVICE = "user.MockUserDataService"
METHOD = f"/{SERVICE}/GetMockUserData"
REQUEST = user_pb2.UserName(name="krithik")
OTHER_METHOD = "/other.Service/Method"
Respond = Callable[[user_pb2.UserName], Awaitable[user_pb2.User]]


class MockData(user_pb2_grpc.MockUserDataServiceServicer):
    """Responds with the result of `respond`."""

    def __init__(self) -> None:
        self.respond: Respond = self._respond
        self.calls: list[Call | None] = []

    async def GetMockUserData(
        self, request: user_pb2.UserName, context: grpc.aio.ServicerContext[Any, Any]
    ) -> user_pb2.User:
        self.calls.append(current_call.get())
        return await self.respond(request)

    @staticmethod
    async def _respond(request: user_pb2.UserName) -> user_pb2.User:
        return user_pb2.User(name=request.name)


@pytest.fixture
def servicer() -> MockData:
    return MockData()


@pytest.fixture
async def channel(
    servicer: MockData, capsys: pytest.CaptureFixture[str]
) -> AsyncIterator[grpc.aio.Channel]:
    """A channel to a server for two calls at once, with a second service."""

    def add(server: grpc.aio.Server) -> None:
        user_pb2_grpc.add_MockUserDataServiceServicer_to_server(servicer, server)
        other: dict[str, Any] = {"Method": grpc.unary_unary_rpc_method_handler(respond_other)}
        server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler("other.Service", other),)
        )

    async def respond_other(request: bytes, _: object) -> bytes:
        if request == b"fail":
            raise KeyError("password")
        return request

    with logs_restored():
        configure_logs("test", "json")
        async with (
            serving(add, max_concurrent_rpcs=2, log_format="json") as server,
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


async def test_the_servicer_sees_the_call(
    channel: grpc.aio.Channel, servicer: MockData, logged: Logged
) -> None:
    await get(channel, metadata=(("x-request-id", "r-1"),))
    (call,) = servicer.calls
    assert call is not None
    assert (call.method, call.request_id) == (METHOD, "r-1")
    assert call.expires is not None
    (line,) = logged()
    assert (line["code"], line["request_id"]) == ("OK", "r-1")


async def test_an_unexpected_exception_is_opaque_but_logged_by_its_id(
    channel: grpc.aio.Channel, servicer: MockData, logged: Logged
) -> None:
    async def respond(_: user_pb2.UserName) -> user_pb2.User:
        raise KeyError("password")

    servicer.respond = respond
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
    channel: grpc.aio.Channel, servicer: MockData, logged: Logged
) -> None:
    async def respond(_: user_pb2.UserName) -> user_pb2.User:
        invalid_argument("name", "too short")

    servicer.respond = respond
    error = await failure(get(channel))
    assert (error.code(), error.details()) == (grpc.StatusCode.INVALID_ARGUMENT, "too short")
    (line,) = logged()
    assert (line["code"], line["message"]) == ("INVALID_ARGUMENT", "too short")


async def test_bytes_that_are_no_message_do_not_reach_the_servicer(
    channel: grpc.aio.Channel, servicer: MockData, logged: Logged
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


async def test_a_method_without_a_handler_is_unimplemented() -> None:
    class Empty(user_pb2_grpc.MockUserDataServiceServicer):
        pass

    def add(server: grpc.aio.Server) -> None:
        user_pb2_grpc.add_MockUserDataServiceServicer_to_server(Empty(), server)

    async with (
        serving(add) as server,
        grpc.aio.insecure_channel(server.address) as channel,
    ):
        error = await failure(get(channel))
    assert error.code() is grpc.StatusCode.UNIMPLEMENTED


async def test_its_exception_raised_by_mistake_is_opaque(
    channel: grpc.aio.Channel, servicer: MockData
) -> None:
    async def respond(_: user_pb2.UserName) -> user_pb2.User:
        raise NotImplementedError("secret")

    servicer.respond = respond
    error = await failure(get(channel))
    assert error.code() is grpc.StatusCode.INTERNAL
    assert "secret" not in str(error)


async def test_a_call_ended_by_abort_is_logged_with_its_status(
    channel: grpc.aio.Channel, servicer: MockData, logged: Logged
) -> None:
    async def respond(_: user_pb2.UserName) -> user_pb2.User:
        (call,) = servicer.calls
        assert call is not None
        await call.context.abort(grpc.StatusCode.NOT_FOUND, "no such user")

    servicer.respond = respond
    error = await failure(get(channel))
    assert (error.code(), error.details()) == (grpc.StatusCode.NOT_FOUND, "no such user")
    line = await next_line(logged)
    assert (line["code"], line["message"]) == ("NOT_FOUND", "no such user")


async def test_a_status_that_is_set_by_grpcs_own_means_ends_the_call(
    channel: grpc.aio.Channel, servicer: MockData, logged: Logged
) -> None:
    async def respond(_: user_pb2.UserName) -> user_pb2.User:
        (call,) = servicer.calls
        assert call is not None
        call.context.set_trailing_metadata((("key", "value"),))
        call.context.set_code(grpc.StatusCode.NOT_FOUND)
        call.context.set_details("no such user")
        return user_pb2.User()

    servicer.respond = respond
    error = await failure(get(channel))
    assert (error.code(), error.details()) == (grpc.StatusCode.NOT_FOUND, "no such user")
    assert ("key", "value") in tuple(error.trailing_metadata())
    (line,) = logged()
    assert (line["code"], line["message"]) == ("NOT_FOUND", "no such user")


async def test_a_response_that_is_none_is_an_opaque_error(
    channel: grpc.aio.Channel, servicer: MockData, logged: Logged
) -> None:
    async def respond(_: user_pb2.UserName) -> user_pb2.User:
        return cast("user_pb2.User", None)

    servicer.respond = respond
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


async def test_a_caller_that_leaves_early_is_no_error_of_the_server(
    channel: grpc.aio.Channel, logged: Logged
) -> None:
    # Such a call reaches the server only with its headers.
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


async def test_calls_past_the_limit_are_refused_and_health_responds(
    channel: grpc.aio.Channel, servicer: MockData
) -> None:
    release = asyncio.Event()

    async def respond(_: user_pb2.UserName) -> user_pb2.User:
        await release.wait()
        return user_pb2.User()

    servicer.respond = respond
    calls = [get(channel) for _ in range(2)]
    await eventually(lambda: len(servicer.calls) == 2, "both calls are being answered")
    error = await failure(get(channel))
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    other: Any = channel.unary_unary(OTHER_METHOD)
    error = await failure(other(b"request", timeout=LIMIT_SECONDS))
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    health: Any = health_pb2_grpc.HealthStub(cast("grpc.Channel", channel))
    response_of_health = await health.Check(health_pb2.HealthCheckRequest(), timeout=LIMIT_SECONDS)
    assert response_of_health.status == health_pb2.HealthCheckResponse.SERVING
    release.set()
    assert await asyncio.gather(*calls) == [user_pb2.User()] * 2


async def next_line(logged: Logged) -> dict[str, Any]:
    """The log's next line about a call, possibly written after its response."""
    lines: list[dict[str, Any]] = []

    def is_there() -> bool:
        lines.extend(logged())
        return lines != []

    await eventually(is_there, "the call is in the log")
    (line,) = lines
    return line


async def respond_never(_: user_pb2.UserName) -> user_pb2.User:
    await asyncio.Event().wait()
    raise AssertionError


@pytest.mark.parametrize(
    ("code", "diagnosis"),
    [
        (grpc.StatusCode.DEADLINE_EXCEEDED, "mock_data at 127.0.0.1:1: connected"),
        (grpc.StatusCode.CANCELLED, None),
        (grpc.StatusCode.OK, None),
    ],
)
def test_a_call_cut_off_by_its_deadline_has_the_upstreams_state(
    code: grpc.StatusCode, diagnosis: str | None
) -> None:
    call = make_call()
    InterceptorChain([], lambda: "mock_data at 127.0.0.1:1: connected").ended(call, code, "")
    assert call.outcome is not None
    assert (call.outcome.code, call.outcome.diagnosis) == (code, diagnosis)


async def test_a_caller_that_cancels_ends_the_servicers_work(
    channel: grpc.aio.Channel, servicer: MockData, logged: Logged
) -> None:
    servicer.respond = respond_never
    call = get(channel)
    await eventually(lambda: servicer.calls != [], "the call is being answered")
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert (await next_line(logged))["code"] == "CANCELLED"


async def test_a_caller_that_gives_up_ends_the_servicers_work(
    channel: grpc.aio.Channel, servicer: MockData, logged: Logged
) -> None:
    await get(channel)
    assert len(logged()) == 1
    servicer.respond = respond_never
    error = await failure(get(channel, timeout=1.0))
    assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    # The caller's cancellation can arrive before the server's own deadline.
    assert (await next_line(logged))["code"] in {"DEADLINE_EXCEEDED", "CANCELLED"}


async def test_another_service_is_logged_and_mapped_too(
    channel: grpc.aio.Channel, logged: Logged
) -> None:
    send: Any = channel.unary_unary(OTHER_METHOD)
    assert await send(b"request", timeout=LIMIT_SECONDS) == b"request"
    (line,) = logged()
    assert (line["method"], line["code"]) == (OTHER_METHOD, "OK")
    error = await failure(send(b"fail", timeout=LIMIT_SECONDS))
    assert error.code() is grpc.StatusCode.INTERNAL
    assert "password" not in str(error)
    (line,) = logged()
    assert (line["method"], line["code"]) == (OTHER_METHOD, "INTERNAL")
    assert ("x-request-id", line["request_id"]) in tuple(error.trailing_metadata())


async def test_health_leaves_no_line(channel: grpc.aio.Channel, logged: Logged) -> None:
    health: Any = health_pb2_grpc.HealthStub(cast("grpc.Channel", channel))
    await health.Check(health_pb2.HealthCheckRequest(), timeout=LIMIT_SECONDS)
    await get(channel)
    (line,) = logged()
    assert line["method"] == METHOD


class Failing(ServerInterceptor):
    """Raises at a call's end."""

    def finished(self, call: Call, outcome: Outcome) -> None:
        raise KeyError("finished")

    def closed(self, call: Call) -> None:
        raise KeyError("closed")


class Authentication(ServerInterceptor):
    """Admits calls with the right token."""

    def started(self, call: Call) -> None:
        if ("token", "right") not in tuple(call.context.invocation_metadata() or ()):
            raise RpcStatusError(grpc.StatusCode.UNAUTHENTICATED, "no token")


class Upper(ServerInterceptor):
    """Wraps the servicer: waits, changes the request, and the response."""

    async def intercept(self, call: Call, request: Any, proceed: Proceed) -> Any:
        await asyncio.sleep(0)
        response = await proceed(user_pb2.UserName(name=request.name.upper()))
        response.roll += 1
        return response


def application(servicer: Any, *interceptors: ServerInterceptor) -> Application:
    add = user_pb2_grpc.add_MockUserDataServiceServicer_to_server
    return Application(
        "test", 0, servicers=[Servicer(lambda: servicer, add)], interceptors=interceptors
    )


async def test_an_interceptor_that_fails_at_the_end_changes_nothing(
    servicer: MockData, caplog: pytest.LogCaptureFixture
) -> None:
    async with (
        serving(application(servicer, Failing()), max_concurrent_rpcs=1) as server,
        grpc.aio.insecure_channel(server.address) as channel,
    ):
        for _ in range(2):
            assert (await get(channel)).name == "krithik"
    failures = [record for record in caplog.records if "interceptor failed" in record.message]
    assert len(failures) == 4


async def test_a_programs_own_interceptor_can_refuse(servicer: MockData) -> None:
    async with (
        serving(application(servicer, Authentication())) as server,
        grpc.aio.insecure_channel(server.address) as channel,
    ):
        error = await failure(get(channel))
        assert (error.code(), error.details()) == (grpc.StatusCode.UNAUTHENTICATED, "no token")
        assert servicer.calls == []
        assert (await get(channel, metadata=(("token", "right"),))).name == "krithik"


async def test_a_programs_own_interceptor_can_wrap_the_servicer(servicer: MockData) -> None:
    async with (
        serving(application(servicer, Upper(), Upper())) as server,
        grpc.aio.insecure_channel(server.address) as channel,
    ):
        assert await get(channel) == user_pb2.User(name="KRITHIK", roll=2)


async def test_a_blocking_handler_runs_on_a_thread_and_knows_its_call() -> None:
    threads: list[int] = []

    class Blocking(user_pb2_grpc.MockUserDataServiceServicer):
        def GetMockUserData(self, request: user_pb2.UserName, context: Any) -> user_pb2.User:
            threads.append(threading.get_ident())
            call = current_call.get()
            assert call is not None
            return user_pb2.User(name=call.request_id)

    async with (
        serving(application(Blocking())) as server,
        grpc.aio.insecure_channel(server.address) as channel,
    ):
        response = await get(channel, metadata=(("x-request-id", "r-1"),))
    assert response.name == "r-1"
    assert threads != [threading.get_ident()]


async def test_a_servicers_own_lines_bear_the_ids_of_the_call(
    channel: grpc.aio.Channel, servicer: MockData, capsys: pytest.CaptureFixture[str]
) -> None:
    async def respond(_: user_pb2.UserName) -> user_pb2.User:
        get_logger().info("ours")
        logging.getLogger("library").warning("theirs")
        return user_pb2.User()

    servicer.respond = respond
    trace_id = "0af7651916cd43dd8448eb211c80319c"
    traceparent = ("traceparent", f"00-{trace_id}-b7ad6b7169203331-01")
    await get(channel, metadata=(("x-request-id", "r-1"), traceparent))
    lines = [json.loads(line) for line in capsys.readouterr().err.split("\n")[:-1]]
    ids = {line["event"]: (line.get("request_id"), line.get("trace_id")) for line in lines}
    assert ids["ours"] == ids["theirs"] == ids["call"] == ("r-1", trace_id)
