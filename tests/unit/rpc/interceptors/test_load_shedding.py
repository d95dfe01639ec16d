"""Load shedding: taking and returning slots."""

from rpc.core.call import Call
from rpc.core.errors import RpcStatusError
from rpc.interceptors.load_shedding import LoadShedding

import grpc
import pytest

from tests.support.calls import make_call


def arrive(shedding: LoadShedding) -> Call:
    """A call with its first request read."""
    call = make_call()
    shedding.started(call)
    read(shedding, call)
    return call


def read(shedding: LoadShedding, call: Call) -> None:
    call.requests += 1
    shedding.received(call, object())


def is_refused(shedding: LoadShedding) -> bool:
    call = make_call()
    code = None
    try:
        read(shedding, call)
    except RpcStatusError as error:
        code = error.code
    shedding.closed(call)
    return code is grpc.StatusCode.RESOURCE_EXHAUSTED


def test_a_call_past_the_limit_is_refused_until_a_slot_is_free() -> None:
    shedding = LoadShedding(1)
    first = arrive(shedding)
    with pytest.raises(RpcStatusError, match="1 calls at once"):
        arrive(shedding)
    assert is_refused(shedding)
    shedding.closed(first)
    assert not is_refused(shedding)


def test_a_call_that_was_refused_gives_no_slot_back() -> None:
    shedding = LoadShedding(1)
    arrive(shedding)
    for _ in range(3):
        assert is_refused(shedding)


def test_a_call_without_a_request_holds_no_slot() -> None:
    shedding = LoadShedding(1)
    shedding.started(make_call())
    assert not is_refused(shedding)


def test_a_stream_holds_one_slot_for_all_of_its_requests() -> None:
    shedding = LoadShedding(2)
    stream = arrive(shedding)
    read(shedding, stream)
    read(shedding, stream)
    assert not is_refused(shedding)
    arrive(shedding)
    read(shedding, stream)
    assert is_refused(shedding)
