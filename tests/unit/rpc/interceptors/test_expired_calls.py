"""Calls with a deadline passed on arrival."""

import time

from rpc.interceptors.expired_calls import ExpiredCalls
from rpc.interceptors.interceptor_chain import InterceptorChain

import grpc

from tests.support.calls import make_call


def test_a_call_whose_time_is_up_is_refused() -> None:
    call = make_call(expires=time.perf_counter() - 1)
    InterceptorChain([ExpiredCalls()]).arrived(call)
    assert call.refusal is not None
    assert call.refusal.code is grpc.StatusCode.DEADLINE_EXCEEDED


def test_a_call_with_time_left_continues() -> None:
    for expires in (None, time.perf_counter() + 60):
        call = make_call(expires=expires)
        InterceptorChain([ExpiredCalls()]).arrived(call)
        assert call.refusal is None
