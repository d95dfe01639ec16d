"""Deadlines and cancellation reach the last hop."""

from collections.abc import Iterator

import grpc
import pytest

from proto import user_pb2, user_pb2_grpc
from testing.chain import Chain, running_chain
from testing.metrics import wait_until_in_flight
from testing.processes import ServerProcess
from testing.waiting import LIMIT_SECONDS, wait_until

REQUEST = user_pb2.UserName(name="krithik")
FOREVER = "600"
# gRPC rounds a deadline up by at most this for the wire.
ROUNDING = 1.02


@pytest.fixture
def chain() -> Iterator[Chain]:
    with running_chain() as chain:
        yield chain


@pytest.fixture
def slow_chain() -> Iterator[Chain]:
    mock_data = ["--delay", FOREVER, "--metrics-address", "127.0.0.1:0"]
    with running_chain(mock_data=mock_data) as chain:
        yield chain


def stub(server: ServerProcess) -> user_pb2_grpc.Orchestrator1ServiceStub:
    return user_pb2_grpc.Orchestrator1ServiceStub(grpc.insecure_channel(server.address))


def only_call(server: ServerProcess) -> dict[str, float | str]:
    wait_until(lambda: len(server.calls()) == 1, "the call is in the log")
    return server.calls()[0]


def deadline_ms(server: ServerProcess) -> float:
    return float(only_call(server)["deadline_ms"])


# Less and more than a server's default for a call without a deadline.
@pytest.mark.parametrize("seconds", [4, 20])
def test_each_hop_has_a_little_less_time_than_the_one_before(chain: Chain, seconds: int) -> None:
    stub(chain.orc1).GetUserByName(REQUEST, timeout=seconds)
    left = [deadline_ms(server) for server in (chain.orc1, chain.orc2, chain.mock_data)]
    assert seconds * 1000 * ROUNDING > left[0] > left[1] > left[2] > seconds * 1000 / 3


def test_a_call_without_a_deadline_gets_one_at_the_first_hop(chain: Chain) -> None:
    stub(chain.orc1).GetUserByName(REQUEST)
    assert "deadline_ms" not in only_call(chain.orc1)
    assert 5_000 * ROUNDING > deadline_ms(chain.orc2) > deadline_ms(chain.mock_data) > 0


def test_the_default_timeout_ends_a_call_without_a_deadline() -> None:
    orc1 = ["--default-timeout", "0.5"]
    with (
        running_chain(orc1=orc1, mock_data=["--delay", FOREVER]) as chain,
        pytest.raises(grpc.RpcError) as raised,
    ):
        stub(chain.orc1).GetUserByName(REQUEST)
    assert raised.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED


def test_the_deadline_ends_the_call_at_every_hop(slow_chain: Chain) -> None:
    with pytest.raises(grpc.RpcError) as raised:
        stub(slow_chain.orc1).GetUserByName(REQUEST, timeout=1)
    assert raised.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert only_call(slow_chain.mock_data)["code"] in {"DEADLINE_EXCEEDED", "CANCELLED"}


def test_a_cancelled_call_is_cancelled_at_every_hop(slow_chain: Chain) -> None:
    call = stub(slow_chain.orc1).GetUserByName.future(REQUEST, timeout=LIMIT_SECONDS)
    wait_until_in_flight(slow_chain.mock_data, 1)
    call.cancel()
    for server in (slow_chain.orc1, slow_chain.orc2, slow_chain.mock_data):
        assert only_call(server)["code"] == "CANCELLED"


def test_a_caller_that_goes_away_cancels_the_call(slow_chain: Chain) -> None:
    channel = grpc.insecure_channel(slow_chain.orc1.address)
    method = user_pb2_grpc.Orchestrator1ServiceStub(channel).GetUserByName
    call = method.future(REQUEST, timeout=LIMIT_SECONDS)
    wait_until_in_flight(slow_chain.mock_data, 1)
    assert not call.done()
    channel.close()
    assert only_call(slow_chain.mock_data)["code"] == "CANCELLED"
