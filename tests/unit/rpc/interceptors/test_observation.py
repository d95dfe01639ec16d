"""What observers are told of a call."""

import asyncio
import time

from rpc.core.call import Call
from rpc.core.errors import RpcStatusError
from rpc.interceptors.observation import Outcome, observe

import grpc
import pytest

from tests.support.calls import make_call


class Notes:
    """An observer that keeps what it is told."""

    def __init__(self) -> None:
        self.begun: list[Call] = []
        self.outcomes: list[Outcome] = []

    def started(self, call: Call) -> None:
        self.begun.append(call)

    def finished(self, call: Call, outcome: Outcome) -> None:
        assert call in self.begun
        self.outcomes.append(outcome)


async def outcome_of(
    error: BaseException | None, expires: float | None = None, started: float | None = None
) -> Outcome:
    async def handler(call: Call) -> bytes:
        if error is not None:
            raise error
        return call.request

    notes = Notes()
    call = make_call(expires=expires, request=b"it")
    if started is not None:
        call.started = started
    observed = observe(handler, [notes])
    if error is None:
        assert await observed(call) == b"it"
    else:
        with pytest.raises(type(error)) as raised:
            await observed(call)
        assert raised.value is error
    (outcome,) = notes.outcomes
    assert outcome.seconds > 0
    return outcome


async def test_an_answer_is_ok() -> None:
    assert (await outcome_of(None)).code is grpc.StatusCode.OK


async def test_a_status_is_told_with_its_message_and_diagnosis() -> None:
    error = RpcStatusError(grpc.StatusCode.ABORTED, "told", diagnosis="kept")
    outcome = await outcome_of(error)
    assert (outcome.code, outcome.message) == (grpc.StatusCode.ABORTED, "told")
    assert outcome.diagnosis == "kept"


async def test_a_cancellation_in_time_is_the_callers() -> None:
    for expires in (None, time.perf_counter() + 3600):
        outcome = await outcome_of(asyncio.CancelledError(), expires)
        assert outcome.code is grpc.StatusCode.CANCELLED


async def test_a_cancellation_after_the_deadline_is_the_deadlines() -> None:
    outcome = await outcome_of(asyncio.CancelledError(), time.perf_counter())
    assert outcome.code is grpc.StatusCode.DEADLINE_EXCEEDED


async def test_a_cancellation_just_before_the_deadline_is_the_deadlines_too() -> None:
    # A caller's clock is ahead by as much as its request took to get here.
    now = time.perf_counter()
    outcome = await outcome_of(asyncio.CancelledError(), now + 0.05, started=now - 10)
    assert outcome.code is grpc.StatusCode.DEADLINE_EXCEEDED


async def test_another_exception_is_unknown_and_in_the_diagnosis() -> None:
    outcome = await outcome_of(KeyError("why"))
    assert outcome.code is grpc.StatusCode.UNKNOWN
    assert outcome.diagnosis == "KeyError('why')"


async def test_every_observer_is_told() -> None:
    async def handler(call: Call) -> bytes:
        return call.request

    notes = [Notes(), Notes()]
    await observe(handler, notes)(make_call())
    assert [len(note.outcomes) for note in notes] == [1, 1]
