"""The chain on grpc's sync API with a thread pool, as grpc's documentation writes it."""

from concurrent import futures

import grpc

from bench.peers.listening import announce, parse_arguments
from proto import user_pb2, user_pb2_grpc

THREADS = 10
"""As in the documentation's examples. 40 were no faster."""


class Orchestrator1(user_pb2_grpc.Orchestrator1ServiceServicer):
    """Serves user.Orchestrator1Service."""

    def __init__(self, channel: grpc.Channel) -> None:
        self._stub = user_pb2_grpc.Orchestrator2ServiceStub(channel)

    def GetUserByName(
        self, request: user_pb2.UserName, context: grpc.ServicerContext
    ) -> user_pb2.User:
        """Asks orc2."""
        return self._stub.GetUser(user_pb2.User(name=request.name))


class Orchestrator2(user_pb2_grpc.Orchestrator2ServiceServicer):
    """Serves user.Orchestrator2Service."""

    def __init__(self, channel: grpc.Channel) -> None:
        self._stub = user_pb2_grpc.MockUserDataServiceStub(channel)

    def GetUser(self, request: user_pb2.User, context: grpc.ServicerContext) -> user_pb2.User:
        """Asks mock_data."""
        return self._stub.GetMockUserData(user_pb2.UserName(name=request.name))


class MockUserData(user_pb2_grpc.MockUserDataServiceServicer):
    """Serves user.MockUserDataService."""

    def GetMockUserData(
        self, request: user_pb2.UserName, context: grpc.ServicerContext
    ) -> user_pb2.User:
        """Makes a user out of a name."""
        length = len(request.name.encode())
        if length < 6:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "the name is too short")
        return user_pb2.User(name=request.name, **{"class": str(length)}, roll=10 * length)


def add_servicer(role: str, server: grpc.Server, upstream: str) -> None:
    """Adds the servicer of a role."""
    if role == "mock_data":
        user_pb2_grpc.add_MockUserDataServiceServicer_to_server(MockUserData(), server)
        return
    channel = grpc.insecure_channel(upstream)
    if role == "orc1":
        user_pb2_grpc.add_Orchestrator1ServiceServicer_to_server(Orchestrator1(channel), server)
    else:
        user_pb2_grpc.add_Orchestrator2ServiceServicer_to_server(Orchestrator2(channel), server)


def serve() -> None:
    """Serves until it is killed."""
    arguments = parse_arguments()
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=THREADS))
    add_servicer(arguments.role, server, arguments.upstream)
    port = server.add_insecure_port(arguments.listen)
    server.start()
    announce(arguments.ready_file, arguments.listen, port)
    server.wait_for_termination()


if __name__ == "__main__":
    serve()
