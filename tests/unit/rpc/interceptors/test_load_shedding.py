"""Load shedding: how slots are taken and given back."""

from rpc.core.call import Call
from rpc.core.errors import RpcStatusError
from rpc.interceptors.chain import Chain
from rpc.interceptors.interceptor import ServerInterceptor
from rpc.interceptors.load_shedding import LoadShedding

import grpc
import pytest

from tests.support.calls import make_call


def arrive(chain: Chain) -> Call:
    call = make_call()
    chain.arrived(call)
    return call


def leave(chain: Chain, call: Call, code: grpc.StatusCode = grpc.StatusCode.OK) -> None:
    chain.ended(call, code, "")
    chain.closed(call)


def test_a_call_past_the_limit_is_refused_and_a_freed_slot_is_taken() -> None:
    chain = Chain([LoadShedding(1)])
    first = arrive(chain)
    assert first.refusal is None
    refused = arrive(chain)
    assert isinstance(refused.refusal, RpcStatusError)
    assert refused.refusal.code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "1 calls at once" in refused.refusal.message
    leave(chain, refused, grpc.StatusCode.RESOURCE_EXHAUSTED)
    assert arrive(chain).refusal is not None
    leave(chain, first)
    assert arrive(chain).refusal is None


@pytest.mark.parametrize("code", [grpc.StatusCode.INTERNAL, grpc.StatusCode.CANCELLED])
def test_a_call_that_fails_gives_its_slot_back(code: grpc.StatusCode) -> None:
    chain = Chain([LoadShedding(1)])
    for _ in range(2):
        call = arrive(chain)
        assert call.refusal is None
        leave(chain, call, code)


def test_a_slot_is_held_until_the_answer_has_left() -> None:
    chain = Chain([LoadShedding(1)])
    call = arrive(chain)
    chain.ended(call, grpc.StatusCode.OK, "")
    assert arrive(chain).refusal is not None
    chain.closed(call)
    assert arrive(chain).refusal is None


def test_a_call_that_another_interceptor_refuses_holds_no_slot() -> None:
    class Refusing(ServerInterceptor):
        def started(self, call: Call) -> None:
            raise RpcStatusError(grpc.StatusCode.PERMISSION_DENIED, "no")

    shedding = LoadShedding(1)
    chain = Chain([shedding, Refusing()])
    for _ in range(3):
        call = arrive(chain)
        assert call.refusal is not None
        assert call.refusal.code is grpc.StatusCode.PERMISSION_DENIED
        leave(chain, call, grpc.StatusCode.PERMISSION_DENIED)
    assert arrive(Chain([shedding])).refusal is None
