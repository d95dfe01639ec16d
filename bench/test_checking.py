"""Each kind of load detects a server with wrong responses."""

from collections.abc import Iterator
from concurrent import futures

import grpc
import pytest

from bench import python_load
from bench.checking import checking
from bench.load import LoadError
from proto import user_pb2, user_pb2_grpc
from testing.waiting import wait_until


class WrongClass(user_pb2_grpc.Orchestrator1ServiceServicer):
    def GetUserByName(
        self, request: user_pb2.UserName, context: grpc.ServicerContext
    ) -> user_pb2.User:
        length = len(request.name.encode())
        return user_pb2.User(name=request.name, **{"class": str(length + 1)}, roll=10 * length)


class Refusing(user_pb2_grpc.Orchestrator1ServiceServicer):
    def GetUserByName(
        self, request: user_pb2.UserName, context: grpc.ServicerContext
    ) -> user_pb2.User:
        context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "not today")


@pytest.fixture(params=[WrongClass, Refusing])
def address(request: pytest.FixtureRequest) -> Iterator[str]:
    server = grpc.server(futures.ThreadPoolExecutor(4))
    user_pb2_grpc.add_Orchestrator1ServiceServicer_to_server(request.param(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"127.0.0.1:{port}"
    server.stop(None)


def test_by_the_calls_beside_a_load(address: str) -> None:
    with pytest.raises(LoadError, match="responds wrongly"), checking(address) as checks:
        wait_until(lambda: bool(checks.wrong), "a wrong response is found")


@pytest.mark.parametrize("wanted", ["closed", "open"])
def test_by_the_python_load(address: str, wanted: str) -> None:
    generator = python_load.generator()

    def load() -> None:
        if wanted == "closed":
            generator.closed(address, 2, 4)
        else:
            generator.open(address, [0.0, 0.01])

    with pytest.raises(LoadError, match=r"gets name|not today"):
        load()
