"""A reference server as an upstream: its responses are plain, without any trailers."""

import grpc
import pytest

from proto import user_pb2, user_pb2_grpc
from testing.channels import open_channel
from testing.processes import running

REFUSAL = "invalid name abc. Name length must be atleast 6 characters"


class ReferenceMockData(user_pb2_grpc.MockUserDataServiceServicer):
    """Refuses every name as the reference does."""

    async def GetMockUserData(
        self,
        request: user_pb2.UserName,
        context: "grpc.aio.ServicerContext[user_pb2.UserName, user_pb2.User]",
    ) -> user_pb2.User:
        await context.abort(grpc.StatusCode.UNKNOWN, REFUSAL)


async def test_its_refusal_of_a_name_goes_back_unchanged() -> None:
    server = grpc.aio.server()
    user_pb2_grpc.add_MockUserDataServiceServicer_to_server(ReferenceMockData(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    with running("services/orc2", "--upstream", f"127.0.0.1:{port}") as orc2:
        async with open_channel(orc2.address, "user.Orchestrator2Service") as channel:
            method = user_pb2_grpc.Orchestrator2ServiceStub(channel).GetUser
            with pytest.raises(grpc.aio.AioRpcError) as raised:
                await method(user_pb2.User(name="abc"), timeout=20, wait_for_ready=True)
    await server.stop(None)
    assert (raised.value.code(), raised.value.details()) == (grpc.StatusCode.UNKNOWN, REFUSAL)
