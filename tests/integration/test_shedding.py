"""Load shedding: past its limit a server refuses at once, and later accepts calls again."""

from collections.abc import Iterator

import grpc
import pytest

from proto import user_pb2, user_pb2_grpc
from testing.metrics import wait_until_in_flight
from testing.processes import ServerProcess, running
from testing.waiting import LIMIT_SECONDS

LIMIT = 2
REQUEST = user_pb2.UserName(name="krithik")


@pytest.fixture
def mock_data() -> Iterator[ServerProcess]:
    """Takes two calls at once, and answers none."""
    limit = ["--max-concurrent-rpcs", str(LIMIT), "--delay", "600"]
    with running("services/mock_data", *limit, "--metrics-address", "127.0.0.1:0") as server:
        yield server


def test_one_call_too_many_is_refused_at_once(mock_data: ServerProcess) -> None:
    with grpc.insecure_channel(mock_data.address) as channel:
        method = user_pb2_grpc.MockUserDataServiceStub(channel).GetMockUserData
        calls = [method.future(REQUEST, timeout=LIMIT_SECONDS) for _ in range(LIMIT)]
        wait_until_in_flight(mock_data, LIMIT)
        with pytest.raises(grpc.RpcError) as raised:
            method(REQUEST, timeout=LIMIT_SECONDS)
        assert raised.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert "2 calls at once" in (raised.value.details() or "")
        assert not any(call.done() for call in calls)


def test_a_call_that_ends_makes_room_for_another(mock_data: ServerProcess) -> None:
    with grpc.insecure_channel(mock_data.address) as channel:
        method = user_pb2_grpc.MockUserDataServiceStub(channel).GetMockUserData
        calls = [method.future(REQUEST, timeout=LIMIT_SECONDS) for _ in range(LIMIT)]
        wait_until_in_flight(mock_data, LIMIT)
        calls[0].cancel()
        wait_until_in_flight(mock_data, LIMIT - 1)
        calls.append(method.future(REQUEST, timeout=LIMIT_SECONDS))
        wait_until_in_flight(mock_data, LIMIT)


def test_the_refusal_goes_back_through_the_chain_unchanged(mock_data: ServerProcess) -> None:
    with (
        running("services/orc2", "--upstream", mock_data.address) as orc2,
        grpc.insecure_channel(mock_data.address) as channel,
        grpc.insecure_channel(orc2.address) as orc2_channel,
    ):
        method = user_pb2_grpc.MockUserDataServiceStub(channel).GetMockUserData
        calls = [method.future(REQUEST, timeout=LIMIT_SECONDS) for _ in range(LIMIT)]
        wait_until_in_flight(mock_data, LIMIT)
        with pytest.raises(grpc.RpcError) as raised:
            user_pb2_grpc.Orchestrator2ServiceStub(orc2_channel).GetUser(
                user_pb2.User(name="krithik"), timeout=LIMIT_SECONDS
            )
        assert raised.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert "2 calls at once" in (raised.value.details() or "")
        assert not any(call.done() for call in calls)
