"""Retries do not multiply along the chain: one call of the client is at most 3 at mock_data."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from rpc.core.metadata_keys import REQUEST_ID

import grpc
import pytest

from proto import user_pb2, user_pb2_grpc
from testing.channels import open_channel
from testing.load import burst
from testing.processes import running
from tests.support.chain_calls import REQUEST, USER, caller

MAX_ATTEMPTS = 3
TIMEOUT = 20


class CountingMockData(user_pb2_grpc.MockUserDataServiceServicer):
    """Counts the attempts of each call by request id and refuses the first ones."""

    def __init__(self, refused: int, code: grpc.StatusCode) -> None:
        self.attempts: Counter[str] = Counter()
        self._refused = refused
        self._code = code

    async def GetMockUserData(
        self,
        request: user_pb2.UserName,
        context: "grpc.aio.ServicerContext[user_pb2.UserName, user_pb2.User]",
    ) -> user_pb2.User:
        call = str(dict(context.invocation_metadata() or ())[REQUEST_ID])
        self.attempts[call] += 1
        if self.attempts[call] <= self._refused:
            # Like a server of ours: the trailer marks a non-local status.
            await context.abort(self._code, "not now", ((REQUEST_ID, call),))
        return USER


@asynccontextmanager
async def chain_before(servicer: CountingMockData) -> AsyncIterator[grpc.aio.Channel]:
    """A channel to a real orc1, with a real orc2 and the servicer behind it."""
    server = grpc.aio.server()
    user_pb2_grpc.add_MockUserDataServiceServicer_to_server(servicer, server)
    mock_data = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    await server.start()
    with (
        running("services/orc2", "--upstream", mock_data) as orc2,
        running("services/orc1", "--upstream", orc2.address) as orc1,
    ):
        async with open_channel(orc1.address, "user.Orchestrator1Service") as channel:
            yield channel
    await server.stop(None)


async def get_user(channel: grpc.aio.Channel) -> user_pb2.User:
    method = user_pb2_grpc.Orchestrator1ServiceStub(channel).GetUserByName
    return await method(REQUEST, timeout=TIMEOUT, wait_for_ready=True)


async def test_three_attempts_when_every_one_fails() -> None:
    servicer = CountingMockData(refused=1000, code=grpc.StatusCode.UNAVAILABLE)
    async with chain_before(servicer) as channel:
        figures = await burst(caller(channel, TIMEOUT), 100)
    most = max(servicer.attempts.values())
    print(f"mock_data UNAVAILABLE: {figures}\n  attempts of one call at mock_data: {most} at most")
    assert figures.codes == {grpc.StatusCode.UNAVAILABLE: 100}
    assert set(servicer.attempts.values()) == {MAX_ATTEMPTS}
    assert len(servicer.attempts) == 100


async def test_the_status_of_the_last_attempt_comes_home_unchanged() -> None:
    servicer = CountingMockData(refused=1000, code=grpc.StatusCode.UNAVAILABLE)
    async with chain_before(servicer) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await get_user(channel)
    assert raised.value.code() is grpc.StatusCode.UNAVAILABLE
    assert raised.value.details() == "not now"


async def test_the_third_attempt_may_succeed() -> None:
    servicer = CountingMockData(refused=MAX_ATTEMPTS - 1, code=grpc.StatusCode.UNAVAILABLE)
    async with chain_before(servicer) as channel:
        assert await get_user(channel) == USER
    assert list(servicer.attempts.values()) == [MAX_ATTEMPTS]


@pytest.mark.parametrize(
    "code",
    [
        grpc.StatusCode.INTERNAL,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.ABORTED,
    ],
)
async def test_other_failures_are_not_retried(code: grpc.StatusCode) -> None:
    servicer = CountingMockData(refused=1, code=code)
    async with chain_before(servicer) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await get_user(channel)
    assert raised.value.code() is code
    assert list(servicer.attempts.values()) == [1]
