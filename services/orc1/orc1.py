"""orc1, the head of the chain: responds to clients with orc2's users."""

from rpc.service import Service, Upstream

import grpc

from proto import user_pb2, user_pb2_grpc


class Orchestrator1(user_pb2_grpc.Orchestrator1ServiceServicer):
    """Serve user.Orchestrator1Service, which clients call and which calls orc2."""

    def __init__(self, orc2: "user_pb2_grpc.Orchestrator2ServiceAsyncStub") -> None:
        self._orc2 = orc2

    async def GetUserByName(
        self,
        request: user_pb2.UserName,
        context: grpc.aio.ServicerContext[user_pb2.UserName, user_pb2.User],
    ) -> user_pb2.User:
        """Responds with orc2's user of the name. An error of orc2 goes back unchanged."""
        return await self._orc2.GetUser(user_pb2.User(name=request.name))


SERVICE = Service(
    "orc1",
    port=9000,
    servicer=Orchestrator1,
    register=user_pb2_grpc.add_Orchestrator1ServiceServicer_to_server,
    upstream=Upstream("orc2", user_pb2_grpc.Orchestrator2ServiceStub, port=9001),
)

if __name__ == "__main__":
    SERVICE.main()
