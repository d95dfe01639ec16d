"""The servicer of interceptors.md with telemetry of its own."""

from rpc.service import Service, Upstream

import grpc
from opentelemetry import baggage, trace
from prometheus_client import Counter

from proto import user_pb2, user_pb2_grpc

TRACER = trace.get_tracer("users")
ASKED = Counter("users_asked", "Users that were asked for.")


class Users(user_pb2_grpc.Orchestrator2ServiceServicer):
    """Serve user.Orchestrator2Service, with a counter and a span of its own."""

    def __init__(self, mock_data: "user_pb2_grpc.MockUserDataServiceAsyncStub") -> None:
        self._mock_data = mock_data

    async def GetUser(
        self,
        request: user_pb2.User,
        context: grpc.aio.ServicerContext[user_pb2.User, user_pb2.User],
    ) -> user_pb2.User:
        """Responds with mock_data's user of the name."""
        ASKED.inc()
        with TRACER.start_as_current_span("ask for the user") as span:
            span.set_attribute("app.tenant", str(baggage.get_baggage("tenant")))
            return await self._mock_data.GetMockUserData(user_pb2.UserName(name=request.name))


SERVICE = Service(
    "users",
    port=9001,
    servicer=Users,
    register=user_pb2_grpc.add_Orchestrator2ServiceServicer_to_server,
    upstream=Upstream("mock_data", user_pb2_grpc.MockUserDataServiceStub, port=10000),
)
