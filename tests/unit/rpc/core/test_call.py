"""The parsed headers of an arriving call."""

from rpc.core.call import Call, new_request_id

import pytest

from tests.support.calls import METHOD, arriving_context

TRACEPARENT = ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")


def test_a_deadline_is_kept_as_a_time() -> None:
    call = Call.arriving(METHOD, arriving_context(remaining=3.0))
    assert call.expires == pytest.approx(call.started + 3.0)


def test_without_a_deadline_a_call_never_expires() -> None:
    assert Call.arriving(METHOD, arriving_context()).expires is None


@pytest.mark.parametrize("request_id", ["a", "0af7-651.916_c/d:4+3=", "x" * 128])
def test_the_callers_request_id_is_kept(request_id: str) -> None:
    call = Call.arriving(METHOD, arriving_context(("x-request-id", request_id)))
    assert call.request_id == request_id


@pytest.mark.parametrize(
    "request_id", ["", "a b", "a\n", "a\u2028", "é", 'a"', "{}", "x" * 129, b"abc"]
)
def test_another_request_id_is_replaced(request_id: str | bytes) -> None:
    call = Call.arriving(METHOD, arriving_context(("x-request-id", request_id)))
    assert call.request_id != request_id
    assert len(call.request_id) == 32


def test_no_two_new_ids_are_the_same() -> None:
    assert new_request_id() != new_request_id()


def test_the_trace_is_kept() -> None:
    state = ("tracestate", "vendor=1")
    call = Call.arriving(METHOD, arriving_context(("other", "x"), state, TRACEPARENT))
    assert call.trace_context == (TRACEPARENT, state)


def test_several_lists_of_its_state_are_one() -> None:
    states = [("tracestate", "vendor=1"), ("tracestate", "other=2")]
    call = Call.arriving(METHOD, arriving_context(TRACEPARENT, *states))
    assert call.trace_context == (TRACEPARENT, ("tracestate", "vendor=1,other=2"))


def test_without_a_trace_there_is_none() -> None:
    assert Call.arriving(METHOD, arriving_context(("other", "x"))).trace_context == ()
