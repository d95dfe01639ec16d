"""The chain on grpclib, gRPC in pure Python over asyncio and h2."""

import asyncio
from typing import Any

from grpclib import GRPCError
from grpclib.client import Channel, UnaryUnaryMethod
from grpclib.const import Cardinality, Handler, Status
from grpclib.server import Server, Stream

from bench.peers.listening import announce, parse_arguments
from proto import user_pb2


class Forwarder:
    """Serves one method by calling another one at the upstream."""

    def __init__(
        self, path: str, request: Any, upstream: UnaryUnaryMethod[Any, user_pb2.User], ask: Any
    ) -> None:
        self._path = path
        self._request = request
        self._upstream = upstream
        self._ask = ask

    async def respond(self, stream: "Stream[Any, user_pb2.User]") -> None:
        """Sends the upstream's response."""
        request: Any = await stream.recv_message()
        await stream.send_message(await self._upstream(self._ask(name=request.name)))

    def __mapping__(self) -> dict[str, Handler]:
        """The list of methods for grpclib."""
        handler = Handler(self.respond, Cardinality.UNARY_UNARY, self._request, user_pb2.User)
        return {self._path: handler}


class MockUserData:
    """Serves user.MockUserDataService."""

    async def respond(self, stream: "Stream[user_pb2.UserName, user_pb2.User]") -> None:
        """Makes a user out of a name."""
        request = await stream.recv_message()
        name = request.name if request is not None else ""
        length = len(name.encode())
        if length < 6:
            raise GRPCError(Status.INVALID_ARGUMENT, "the name is too short")
        user = user_pb2.User(name=name, **{"class": str(length)}, roll=10 * length)
        await stream.send_message(user)

    def __mapping__(self) -> dict[str, Handler]:
        """The list of methods for grpclib."""
        handler = Handler(self.respond, Cardinality.UNARY_UNARY, user_pb2.UserName, user_pb2.User)
        return {"/user.MockUserDataService/GetMockUserData": handler}


def servicer(role: str, upstream: str) -> Any:
    """The servicer of a role."""
    if role == "mock_data":
        return MockUserData()
    host, _, port = upstream.rpartition(":")
    channel = Channel(host, int(port))
    if role == "orc1":
        get_user = UnaryUnaryMethod(
            channel, "/user.Orchestrator2Service/GetUser", user_pb2.User, user_pb2.User
        )
        path = "/user.Orchestrator1Service/GetUserByName"
        return Forwarder(path, user_pb2.UserName, get_user, user_pb2.User)
    get_mock = UnaryUnaryMethod(
        channel, "/user.MockUserDataService/GetMockUserData", user_pb2.UserName, user_pb2.User
    )
    path = "/user.Orchestrator2Service/GetUser"
    return Forwarder(path, user_pb2.User, get_mock, user_pb2.UserName)


async def serve() -> None:
    """Serves until it is killed."""
    arguments = parse_arguments()
    server = Server([servicer(arguments.role, arguments.upstream)])
    host, _, port = arguments.listen.rpartition(":")
    await server.start(host, int(port))
    announce(arguments.ready_file, arguments.listen, bound_port(server))
    await server.wait_closed()


def bound_port(server: Server) -> int:
    """The port chosen by the kernel. grpclib has no public way to ask for it."""
    listening: Any = server._server  # noqa: SLF001
    return int(listening.sockets[0].getsockname()[1])


if __name__ == "__main__":
    asyncio.run(serve())
