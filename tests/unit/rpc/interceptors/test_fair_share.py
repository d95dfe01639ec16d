"""Scarce slots: each caller's share."""

from rpc.core.call import Call
from rpc.core.errors import RpcStatusError
from rpc.interceptors import fair_share
from rpc.interceptors.load_shedding import LoadShedding

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2

from tests.support.calls import make_call

SLOTS = 16
SHARE = SLOTS // 2
FOR_ALL = SLOTS - 2


@pytest.fixture
def shedding() -> LoadShedding:
    return LoadShedding(SLOTS)


def arrive(shedding: LoadShedding, caller: str) -> Call:
    call = make_call(callers=(caller,))
    call.requests += 1
    shedding.received(call, object())
    return call


def fill(shedding: LoadShedding, caller: str) -> list[Call]:
    """Calls until one is refused. Returns the calls with a slot."""
    calls: list[Call] = []
    try:
        while True:
            calls.append(arrive(shedding, caller))
    except RpcStatusError:
        return calls


def test_a_caller_that_is_alone_has_all_slots(shedding: LoadShedding) -> None:
    assert len(fill(shedding, "greedy")) == SLOTS


def test_a_second_caller_finds_the_last_slots_free(shedding: LoadShedding) -> None:
    calls = fill(shedding, "greedy")
    with pytest.raises(RpcStatusError):
        arrive(shedding, "modest")
    for call in calls:
        shedding.closed(call)
    assert len(fill(shedding, "greedy")) == FOR_ALL
    arrive(shedding, "modest")


def test_a_caller_is_forgotten_after_a_while(
    shedding: LoadShedding, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = fill(shedding, "greedy")
    with pytest.raises(RpcStatusError):
        arrive(shedding, "modest")
    for call in calls:
        shedding.closed(call)
    monkeypatch.setattr(fair_share, "MEMORY_SECONDS", -1.0)
    assert len(fill(shedding, "greedy")) == SLOTS


def test_connections_of_one_address_are_one_caller(shedding: LoadShedding) -> None:
    assert fair_share.caller_of(make_call()) == ("ipv4:127.0.0.1",)


def test_a_refusal_has_a_retry_time(shedding: LoadShedding) -> None:
    fill(shedding, "greedy")
    with pytest.raises(RpcStatusError) as raised:
        arrive(shedding, "greedy")
    assert raised.value.code is grpc.StatusCode.RESOURCE_EXHAUSTED
    trailers = dict(raised.value.trailers)
    assert trailers["grpc-retry-pushback-ms"] == "1000"
    details = trailers["grpc-status-details-bin"]
    assert isinstance(details, bytes)
    info = error_details_pb2.RetryInfo()
    assert status_pb2.Status.FromString(details).details[0].Unpack(info)
    assert info.retry_delay.ToSeconds() == 1
