"""Calls with a deadline passed on arrival."""

import time

from rpc.interceptors.chain import Chain
from rpc.interceptors.expiry import Expiry

import grpc

from tests.support.calls import make_call


def test_a_call_whose_time_is_up_is_refused() -> None:
    call = make_call(expires=time.perf_counter() - 1)
    Chain([Expiry()]).arrived(call)
    assert call.refusal is not None
    assert call.refusal.code is grpc.StatusCode.DEADLINE_EXCEEDED


def test_a_call_with_time_left_continues() -> None:
    for expires in (None, time.perf_counter() + 60):
        call = make_call(expires=expires)
        Chain([Expiry()]).arrived(call)
        assert call.refusal is None
