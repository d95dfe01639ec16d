"""Calls of the chain for a load, always with the same request and response."""

from collections.abc import Awaitable, Callable
from functools import partial

import grpc

from proto import user_pb2, user_pb2_grpc
from testing.load import Call

REQUEST = user_pb2.UserName(name="krithik")
USER = user_pb2.User(name="krithik", **{"class": "7"}, roll=70)


def caller(channel: grpc.aio.Channel, timeout: float) -> Call:
    """Calls the chain's head, and waits for a connection until the deadline.

    Args:
        channel: to orc1.
        timeout: seconds for each call.
    """
    return partial(_call, user_pb2_grpc.Orchestrator1ServiceStub(channel).GetUserByName, timeout)


def mock_data_caller(channel: grpc.aio.Channel, timeout: float) -> Call:
    """The same for mock_data alone, without the servers before it."""
    return partial(_call, user_pb2_grpc.MockUserDataServiceStub(channel).GetMockUserData, timeout)


async def _call(method: Callable[..., Awaitable[user_pb2.User]], seconds: float) -> None:
    assert await method(REQUEST, timeout=seconds, wait_for_ready=True) == USER
