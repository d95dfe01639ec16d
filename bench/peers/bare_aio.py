"""The chain on grpc.aio as grpc's documentation writes it, with none of `rpc`'s features."""

import asyncio
from collections.abc import Callable
from typing import Any

import grpc

from bench.peers.listening import announce, parse_arguments
from proto import user_pb2, user_pb2_grpc

Context = grpc.aio.ServicerContext[Any, Any]


class Orchestrator1(user_pb2_grpc.Orchestrator1ServiceServicer):
    """Serves user.Orchestrator1Service."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = user_pb2_grpc.Orchestrator2ServiceStub(channel)

    async def GetUserByName(self, request: user_pb2.UserName, context: Context) -> user_pb2.User:
        """Asks orc2."""
        return await self._stub.GetUser(user_pb2.User(name=request.name))


class Orchestrator2(user_pb2_grpc.Orchestrator2ServiceServicer):
    """Serves user.Orchestrator2Service."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = user_pb2_grpc.MockUserDataServiceStub(channel)

    async def GetUser(self, request: user_pb2.User, context: Context) -> user_pb2.User:
        """Asks mock_data."""
        return await self._stub.GetMockUserData(user_pb2.UserName(name=request.name))


class MockUserData(user_pb2_grpc.MockUserDataServiceServicer):
    """Serves user.MockUserDataService."""

    async def GetMockUserData(self, request: user_pb2.UserName, context: Context) -> user_pb2.User:
        """Makes a user out of a name."""
        length = len(request.name.encode())
        if length < 6:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "the name is too short")
        return user_pb2.User(name=request.name, **{"class": str(length)}, roll=10 * length)


Open = Callable[[str], Any]
"""Opens a channel to an address."""


def add_servicer(role: str, server: Any, upstream: str, open_channel: Open) -> None:
    """Adds the servicer of a role."""
    if role == "mock_data":
        user_pb2_grpc.add_MockUserDataServiceServicer_to_server(MockUserData(), server)
        return
    channel = open_channel(upstream)
    if role == "orc1":
        user_pb2_grpc.add_Orchestrator1ServiceServicer_to_server(Orchestrator1(channel), server)
    else:
        user_pb2_grpc.add_Orchestrator2ServiceServicer_to_server(Orchestrator2(channel), server)


async def serve(
    make_server: Callable[[], Any] = grpc.aio.server,
    open_channel: Open = grpc.aio.insecure_channel,
) -> None:
    """Serves until it is killed."""
    arguments = parse_arguments()
    server = make_server()
    add_servicer(arguments.role, server, arguments.upstream, open_channel)
    port = server.add_insecure_port(arguments.listen)
    await server.start()
    announce(arguments.ready_file, arguments.listen, port)
    await server.wait_for_termination()


if __name__ == "__main__":
    asyncio.run(serve())
