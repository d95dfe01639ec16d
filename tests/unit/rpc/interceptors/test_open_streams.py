"""The limit on open streams of unlimited duration."""

from rpc.core.errors import RpcStatusError
from rpc.interceptors.open_streams import OpenStreams

import grpc
import pytest

from tests.support.calls import make_call


def test_a_stream_past_the_most_is_refused_until_one_ends() -> None:
    streams = OpenStreams(2)
    first = make_call(streaming=True)
    streams.started(first)
    streams.started(make_call(streaming=True))
    with pytest.raises(RpcStatusError) as raised:
        streams.started(make_call(streaming=True))
    assert raised.value.code is grpc.StatusCode.RESOURCE_EXHAUSTED
    streams.closed(first)
    streams.started(make_call(streaming=True))


def test_streams_of_another_method_have_a_number_of_their_own() -> None:
    streams = OpenStreams(1)
    streams.started(make_call(method="/a.B/C", streaming=True))
    streams.started(make_call(method="/a.B/D", streaming=True))


def test_unary_calls_always_pass() -> None:
    streams = OpenStreams(1)
    for _ in range(3):
        streams.started(make_call())
