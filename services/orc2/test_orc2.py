"""The orc2 servicer: it requests its name's user from mock_data, and responds alike."""

from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest

from proto import user_pb2, user_pb2_grpc
from services.orc2.orc2 import SERVICE
from testing.in_process import serving
from testing.stand_in import REFUSAL_DETAILS, StandIn
from testing.waiting import LIMIT_SECONDS, eventually

SOMEBODY = user_pb2.User(name="somebody", **{"class": "8"}, roll=80)


class MockData(
    StandIn[user_pb2.UserName, user_pb2.User], user_pb2_grpc.MockUserDataServiceServicer
):
    async def GetMockUserData(
        self, request: user_pb2.UserName, context: grpc.aio.ServicerContext[Any, Any]
    ) -> user_pb2.User:
        return await self.respond(request, context)


@pytest.fixture
def upstream() -> MockData:
    return MockData(SOMEBODY)


@pytest.fixture
async def stub(upstream: MockData) -> AsyncIterator[Any]:
    def add_upstream(server: grpc.aio.Server) -> None:
        user_pb2_grpc.add_MockUserDataServiceServicer_to_server(upstream, server)

    async with (
        serving(add_upstream) as fake,
        serving(SERVICE, upstream=fake.address) as server,
        grpc.aio.insecure_channel(server.address) as channel,
    ):
        yield user_pb2_grpc.Orchestrator2ServiceStub(channel)


def get(stub: Any, name: str) -> Any:
    return stub.GetUser(user_pb2.User(name=name), timeout=LIMIT_SECONDS)


async def test_the_upstreams_user_is_the_response(stub: Any, upstream: MockData) -> None:
    user = await get(stub, "krithik")
    assert user == SOMEBODY
    assert upstream.requests == [user_pb2.UserName(name="krithik")]


async def test_the_name_is_left_to_the_upstream_to_judge(stub: Any, upstream: MockData) -> None:
    for name in ("", "abc", "\u2028\x00é"):
        await get(stub, name)
        assert upstream.requests.pop() == user_pb2.UserName(name=name)


@pytest.mark.parametrize(
    "code",
    [
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.NOT_FOUND,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        grpc.StatusCode.INTERNAL,
        grpc.StatusCode.UNKNOWN,
    ],
)
async def test_the_upstreams_refusal_goes_back_unchanged(
    stub: Any, upstream: MockData, code: grpc.StatusCode
) -> None:
    upstream.refusal = (code, "no such user")
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await get(stub, "krithik")
    assert (raised.value.code(), raised.value.details()) == (code, "no such user")
    assert REFUSAL_DETAILS in tuple(raised.value.trailing_metadata())


async def test_a_caller_that_goes_away_is_noticed_by_the_upstream(
    stub: Any, upstream: MockData
) -> None:
    upstream.endless = True
    call = get(stub, "krithik")
    await eventually(lambda: upstream.requests != [], "the upstream is asked")
    call.cancel()
    await eventually(lambda: upstream.abandoned, "the upstream's work is abandoned")


async def test_of_a_user_only_the_name_is_sent(stub: Any, upstream: MockData) -> None:
    request = user_pb2.User(name="krithik", **{"class": "99"}, roll=99)
    await stub.GetUser(request, timeout=LIMIT_SECONDS)
    assert upstream.requests == [user_pb2.UserName(name="krithik")]
