"""orc1, the head of the chain: answers clients with what orc2 says."""

from rpc.cli.command import server_command
from rpc.server.process import run_server
from rpc.server.running_server import Connect
from rpc.server.settings import ServerSettings

import grpc

from proto import user_pb2, user_pb2_grpc


class Orchestrator1(user_pb2_grpc.Orchestrator1ServiceServicer):
    """Serves user.Orchestrator1Service."""

    def __init__(self, orc2: "user_pb2_grpc.Orchestrator2ServiceAsyncStub") -> None:
        self._orc2 = orc2

    async def GetUserByName(
        self,
        request: user_pb2.UserName,
        context: grpc.aio.ServicerContext[user_pb2.UserName, user_pb2.User],
    ) -> user_pb2.User:
        """Answers with orc2's user of that name; an error of orc2 goes back unchanged."""
        return await self._orc2.GetUser(user_pb2.User(name=request.name))


def add_servicer(server: grpc.aio.Server, connect: Connect) -> None:
    """Adds the servicer to a server, with orc2 as its upstream."""
    orc2 = user_pb2_grpc.Orchestrator2ServiceStub(connect("user.Orchestrator2Service"))
    user_pb2_grpc.add_Orchestrator1ServiceServicer_to_server(Orchestrator1(orc2), server)


@server_command("orc1", port=9000, upstream_port=9001)
def main(settings: ServerSettings) -> None:
    """Serve user.Orchestrator1Service, which clients call and which calls orc2."""
    run_server("user.Orchestrator1Service", add_servicer, settings)


if __name__ == "__main__":
    main()
