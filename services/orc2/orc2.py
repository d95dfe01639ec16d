"""orc2, the middle of the chain: responds to orc1 with mock_data's users."""

from rpc.service import Service, Upstream

import grpc

from proto import user_pb2, user_pb2_grpc


class Orchestrator2(user_pb2_grpc.Orchestrator2ServiceServicer):
    """Serve user.Orchestrator2Service, which orc1 calls and which calls mock_data."""

    def __init__(self, mock_data: "user_pb2_grpc.MockUserDataServiceAsyncStub") -> None:
        self._mock_data = mock_data

    async def GetUser(
        self,
        request: user_pb2.User,
        context: grpc.aio.ServicerContext[user_pb2.User, user_pb2.User],
    ) -> user_pb2.User:
        """Responds with mock_data's user of the name. An error of mock_data goes back unchanged."""
        return await self._mock_data.GetMockUserData(user_pb2.UserName(name=request.name))


SERVICE = Service(
    "orc2",
    port=9001,
    servicer=Orchestrator2,
    register=user_pb2_grpc.add_Orchestrator2ServiceServicer_to_server,
    upstream=Upstream("mock_data", user_pb2_grpc.MockUserDataServiceStub, port=10000),
)

if __name__ == "__main__":
    SERVICE.main()
