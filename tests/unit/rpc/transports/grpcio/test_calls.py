"""A chain's view of calls from grpc.aio."""

import asyncio
import time
from typing import Any, cast

from rpc.core.call import Call
from rpc.core.errors import RpcStatusError
from rpc.core.outcome import Outcome
from rpc.interceptors.expired_calls import ExpiredCalls
from rpc.interceptors.interceptor import ServerInterceptor
from rpc.interceptors.interceptor_chain import InterceptorChain
from rpc.server.methods import Methods
from rpc.transports.grpcio.arrivals import Arrivals
from rpc.transports.grpcio.calls import Calls, undecodable
from rpc.transports.grpcio.held_responses import HeldResponses
from rpc.transports.grpcio.open_calls import OpenCalls

import grpc
import pytest
from google.protobuf.message import DecodeError

from testing.waiting import LIMIT_SECONDS
from tests.support.calls import ArrivingContext

METHOD = "/test.Service/Method"


class Notes(ServerInterceptor):
    """Records its calls."""

    def __init__(self) -> None:
        self.begun: list[Call] = []
        self.outcomes: list[Outcome] = []
        self.closings: list[Call] = []

    def started(self, call: Call) -> None:
        self.begun.append(call)

    def finished(self, call: Call, outcome: Outcome) -> None:
        assert call in self.begun
        self.outcomes.append(outcome)

    def closed(self, call: Call) -> None:
        assert len(self.outcomes) == len(self.closings) + 1
        self.closings.append(call)


class Context(ArrivingContext):
    """A context for a call with one request. Records the arguments of an abort."""

    def __init__(self, remaining: float | None = None) -> None:
        super().__init__(remaining=remaining)
        self.aborted: tuple[grpc.StatusCode, str, Any] | None = None

    async def read(self) -> bytes:
        """The request."""
        return b"it"

    async def abort(self, code: grpc.StatusCode, details: str, trailing_metadata: Any) -> None:
        """Records the status for the caller, and raises as gRPC does."""
        self.aborted = (code, details, trailing_metadata)
        raise grpc.aio.AbortError


class Details(grpc.HandlerCallDetails):
    """A call of this method."""

    method = METHOD
    invocation_metadata = ()


def calls(
    *interceptors: ServerInterceptor, error: BaseException | None, responses: HeldResponses
) -> Calls:
    async def respond(request: bytes, _: object) -> bytes:
        if isinstance(error, asyncio.CancelledError):
            # Cancels like gRPC: without any further sign.
            task = asyncio.current_task()
            assert task is not None
            task.cancel()
            await asyncio.sleep(0)
        if error is not None:
            raise error
        return request

    chain = InterceptorChain(interceptors)
    methods = Methods(chain, chain)
    handler: Any = grpc.unary_unary_rpc_method_handler(respond)
    cast("Any", methods.own).add_registered_method_handlers("test.Service", {"Method": handler})
    return Calls(methods, Arrivals(), responses, OpenCalls(LIMIT_SECONDS))


async def run(
    *interceptors: ServerInterceptor,
    error: BaseException | None = None,
    context: Context | None = None,
    responses: HeldResponses | None = None,
) -> Any:
    """The result of the method's call in grpc.aio."""
    handler: Any = calls(*interceptors, error=error, responses=responses or HeldResponses())
    context = context or Context()
    try:
        return await handler.service(Details()).stream_unary(None, context)
    finally:
        for callback in context.callbacks:
            callback(context)


async def outcome_of(error: BaseException | None, context: Context | None = None) -> Outcome:
    notes = Notes()
    if error is None:
        assert await run(notes, context=context) == b"it"
    else:
        with pytest.raises((type(error), grpc.aio.AbortError)):
            await run(notes, error=error, context=context)
    (outcome,) = notes.outcomes
    assert outcome.seconds > 0
    assert notes.closings == notes.begun
    return outcome


async def test_a_response_is_ok() -> None:
    assert (await outcome_of(None)).code is grpc.StatusCode.OK


async def test_a_status_is_recorded_with_message_and_diagnosis() -> None:
    error = RpcStatusError(grpc.StatusCode.ABORTED, "told", diagnosis="kept")
    outcome = await outcome_of(error)
    assert (outcome.code, outcome.message) == (grpc.StatusCode.ABORTED, "told")
    assert outcome.diagnosis == "kept"


async def test_a_cancellation_in_time_is_the_callers() -> None:
    for remaining in (None, 3600.0):
        outcome = await outcome_of(asyncio.CancelledError(), Context(remaining))
        assert outcome.code is grpc.StatusCode.CANCELLED


async def test_a_cancellation_after_the_deadline_is_the_deadlines() -> None:
    outcome = await outcome_of(asyncio.CancelledError(), Context(0.0))
    assert outcome.code is grpc.StatusCode.DEADLINE_EXCEEDED


async def test_a_cancellation_close_to_the_deadline_counts_as_expired() -> None:
    # A caller's clock is ahead by the travel time of its request.
    class Earlier(ServerInterceptor):
        def started(self, call: Call) -> None:
            now = time.perf_counter()
            call.started, call.expires = now - 10, now + 0.05

    notes = Notes()
    with pytest.raises(asyncio.CancelledError):
        await run(notes, Earlier(), error=asyncio.CancelledError(), context=Context(0.05))
    assert [outcome.code for outcome in notes.outcomes] == [grpc.StatusCode.DEADLINE_EXCEEDED]


async def test_another_exception_is_internal_and_in_the_diagnosis() -> None:
    outcome = await outcome_of(KeyError("why"))
    assert outcome.code is grpc.StatusCode.INTERNAL
    assert "KeyError: 'why'" in (outcome.diagnosis or "")


async def test_every_interceptor_is_called() -> None:
    notes = [Notes(), Notes()]
    await run(*notes)
    assert [len(note.outcomes) for note in notes] == [1, 1]


async def test_a_status_ends_the_call_with_the_request_id() -> None:
    context, notes = Context(), Notes()
    error = RpcStatusError(grpc.StatusCode.ABORTED, "no", (("key", "value"),))
    with pytest.raises(grpc.aio.AbortError):
        await run(notes, error=error, context=context)
    trailers = (("x-request-id", notes.begun[0].request_id), ("key", "value"))
    assert context.aborted == (grpc.StatusCode.ABORTED, "no", trailers)


async def test_the_status_is_reported_before_it_is_sent() -> None:
    notes = Notes()

    class Watched(Context):
        async def abort(self, code: grpc.StatusCode, details: str, trailing_metadata: Any) -> None:
            assert [outcome.code for outcome in notes.outcomes] == [code]
            await super().abort(code, details, trailing_metadata)

    with pytest.raises(grpc.aio.AbortError):
        await run(notes, error=KeyError("why"), context=Watched())


async def test_a_call_expired_on_arrival_does_not_reach_the_servicer() -> None:
    notes, context = Notes(), Context(-1.0)
    with pytest.raises(grpc.aio.AbortError):
        await run(
            notes, ExpiredCalls(), error=AssertionError("the servicer was asked"), context=context
        )
    assert [outcome.code for outcome in notes.outcomes] == [grpc.StatusCode.DEADLINE_EXCEEDED]
    assert context.aborted is not None
    assert context.aborted[0] is grpc.StatusCode.DEADLINE_EXCEEDED


@pytest.mark.parametrize("error", [None, RpcStatusError(grpc.StatusCode.ABORTED, "no")])
async def test_responses_and_errors_wait_while_they_are_held(error: Exception | None) -> None:
    responses, context = HeldResponses(), Context()
    responses.hold()
    responding = asyncio.ensure_future(run(error=error, context=context, responses=responses))
    for _ in range(5):
        await asyncio.sleep(0)
    assert not responding.done()
    assert context.aborted is None
    responses.release(last_after=0.01)
    if error is None:
        assert await responding == b"it"
    else:
        with pytest.raises(grpc.aio.AbortError):
            await responding
        assert context.aborted is not None
        assert context.aborted[:2] == (grpc.StatusCode.ABORTED, "no")


def test_bytes_that_are_no_message_are_internal() -> None:
    error = undecodable(DecodeError("at byte 7"))
    assert error.code is grpc.StatusCode.INTERNAL
    assert "at byte 7" not in error.message
    assert error.diagnosis == "at byte 7"
