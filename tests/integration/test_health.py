"""grpc.health.v1 on the real programs, as for an orchestrator's probe."""

import queue
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from proto import user_pb2, user_pb2_grpc
from testing.processes import ServerProcess, running
from testing.waiting import LIMIT_SECONDS

SERVICES = {
    "orc1": "user.Orchestrator1Service",
    "orc2": "user.Orchestrator2Service",
    "mock_data": "user.MockUserDataService",
}
FOREVER = "600"
SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
SERVICE_UNKNOWN = health_pb2.HealthCheckResponse.SERVICE_UNKNOWN


@pytest.fixture(scope="module")
def mock_data() -> Iterator[ServerProcess]:
    with running("services/mock_data") as server:
        yield server


def health_stub(channel: grpc.Channel) -> Any:
    """The stub. Its type hints lack the methods."""
    return health_pb2_grpc.HealthStub(channel)


def check(server: ServerProcess, service: str) -> int:
    with grpc.insecure_channel(server.address) as channel:
        request = health_pb2.HealthCheckRequest(service=service)
        response = health_stub(channel).Check(request, timeout=LIMIT_SECONDS)
        return int(response.status)


class Watch:
    """A Watch stream, read on its own thread."""

    def __init__(self, channel: grpc.Channel, service: str) -> None:
        self._statuses: queue.Queue[int | grpc.StatusCode] = queue.Queue()
        request = health_pb2.HealthCheckRequest(service=service)
        self._stream = health_stub(channel).Watch(request, timeout=LIMIT_SECONDS)
        threading.Thread(target=self._read, daemon=True).start()

    def next(self) -> int | grpc.StatusCode:
        """The next status, or the code of the stream's end."""
        return self._statuses.get(timeout=LIMIT_SECONDS)

    def _read(self) -> None:
        try:
            for response in self._stream:
                self._statuses.put(response.status)
        except grpc.RpcError:
            pass
        self._statuses.put(self._stream.code())


@pytest.mark.parametrize("name", SERVICES)
def test_check_reports_serving_for_server_and_service(name: str) -> None:
    with running(f"services/{name}") as server:
        assert check(server, "") == SERVING
        assert check(server, SERVICES[name]) == SERVING


def test_check_knows_no_other_service(mock_data: ServerProcess) -> None:
    with pytest.raises(grpc.RpcError) as raised:
        check(mock_data, SERVICES["orc1"])
    assert raised.value.code() is grpc.StatusCode.NOT_FOUND


def test_watch_of_an_unknown_service_reports_it(mock_data: ServerProcess) -> None:
    with grpc.insecure_channel(mock_data.address) as channel:
        assert Watch(channel, "user.Nobody").next() == SERVICE_UNKNOWN


@pytest.mark.parametrize("service", ["", SERVICES["mock_data"]])
def test_watch_reports_the_drain_and_does_not_hold_the_exit(service: str) -> None:
    with (
        running("services/mock_data", "--grace", FOREVER) as server,
        grpc.insecure_channel(server.address) as channel,
    ):
        watch = Watch(channel, service)
        assert watch.next() == SERVING
        server.signal(signal.SIGTERM)
        assert watch.next() == NOT_SERVING
        assert server.wait() == 0
        assert watch.next() in {grpc.StatusCode.OK, grpc.StatusCode.UNAVAILABLE}


def test_calls_are_answered_for_the_drain_delay() -> None:
    with (
        running("services/mock_data", "--drain-delay", FOREVER) as server,
        grpc.insecure_channel(server.address) as channel,
    ):
        watch = Watch(channel, "")
        assert watch.next() == SERVING
        server.signal(signal.SIGTERM)
        assert watch.next() == NOT_SERVING
        method = user_pb2_grpc.MockUserDataServiceStub(channel).GetMockUserData
        user = method(user_pb2.UserName(name="krithik"), timeout=LIMIT_SECONDS)
        assert user.roll == 70
        assert check(server, "") == NOT_SERVING


def test_probes_are_neither_shed_nor_logged() -> None:
    arguments = ["--max-concurrent-rpcs", "1", "--delay", FOREVER]
    with (
        running("services/mock_data", *arguments) as server,
        grpc.insecure_channel(server.address) as channel,
        ThreadPoolExecutor() as probes,
    ):
        method = user_pb2_grpc.MockUserDataServiceStub(channel).GetMockUserData
        request = user_pb2.UserName(name="krithik")
        busy = method.future(request, timeout=LIMIT_SECONDS)
        # One of the two calls has the only slot.
        other = method.future(request, timeout=LIMIT_SECONDS)
        refused: queue.Queue[object] = queue.Queue()
        for call in (busy, other):
            call.add_done_callback(refused.put)
        refused.get(timeout=LIMIT_SECONDS)
        assert list(probes.map(lambda _: check(server, ""), range(10))) == [SERVING] * 10
        busy.cancel()
        other.cancel()
        assert next(call["code"] for call in server.calls()) == "RESOURCE_EXHAUSTED"
        assert all("Health" not in call["method"] for call in server.calls())
