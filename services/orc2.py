"""orc2, the middle of the chain: answers orc1 with what mock_data says."""

from rpc.cli.command import server_command
from rpc.server.process import run_server
from rpc.server.running_server import Connect
from rpc.server.settings import ServerSettings

import grpc

from proto import user_pb2, user_pb2_grpc


class Orchestrator2(user_pb2_grpc.Orchestrator2ServiceServicer):
    """Serves user.Orchestrator2Service."""

    def __init__(self, mock_data: "user_pb2_grpc.MockUserDataServiceAsyncStub") -> None:
        self._mock_data = mock_data

    async def GetUser(
        self,
        request: user_pb2.User,
        context: grpc.aio.ServicerContext[user_pb2.User, user_pb2.User],
    ) -> user_pb2.User:
        """Answers with mock_data's user of that name; an error of mock_data goes back unchanged."""
        return await self._mock_data.GetMockUserData(user_pb2.UserName(name=request.name))


def add_servicer(server: grpc.aio.Server, connect: Connect) -> None:
    """Adds the servicer to a server, with mock_data as its upstream."""
    mock_data = user_pb2_grpc.MockUserDataServiceStub(connect("user.MockUserDataService"))
    user_pb2_grpc.add_Orchestrator2ServiceServicer_to_server(Orchestrator2(mock_data), server)


@server_command("orc2", port=9001, upstream_port=10000)
def main(settings: ServerSettings) -> None:
    """Serve user.Orchestrator2Service, which orc1 calls and which calls mock_data."""
    run_server("user.Orchestrator2Service", add_servicer, settings)


if __name__ == "__main__":
    main()
