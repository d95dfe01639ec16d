"""Traces: one through all hops, and none of a collector's troubles in the calls."""

import signal
import socket
import time

import grpc
import pytest

from proto import user_pb2, user_pb2_grpc
from tests.support.addresses import reserved_address
from tests.support.chain import running_chain
from tests.support.collector import SENT_AT_ONCE, ReceivedSpan, collecting
from tests.support.processes import ServerProcess, running
from tests.support.waiting import LIMIT_SECONDS

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
CALLER_SPAN = "b7ad6b7169203331"
TRACEPARENT = ("traceparent", f"00-{TRACE_ID}-{CALLER_SPAN}-01")
SPANS_OF_A_CALL = 5
SERVER, CLIENT = 2, 3
MUCH_LESS_THAN_THE_EXPORTER_WAITS = 15


@pytest.fixture
def patient_exporter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Left to itself the SDK then holds up the exit for its own limit, 30 s."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "60")


def get_user(orc1: ServerProcess, name: str = "krithik") -> user_pb2.User:
    with grpc.insecure_channel(orc1.address) as channel:
        stub = user_pb2_grpc.Orchestrator1ServiceStub(channel)
        return stub.GetUserByName(
            user_pb2.UserName(name=name), timeout=LIMIT_SECONDS, metadata=(TRACEPARENT,)
        )


def get_mock_user(mock_data: ServerProcess) -> user_pb2.User:
    with grpc.insecure_channel(mock_data.address) as channel:
        stub = user_pb2_grpc.MockUserDataServiceStub(channel)
        return stub.GetMockUserData(user_pb2.UserName(name="krithik"), timeout=LIMIT_SECONDS)


def find(spans: list[ReceivedSpan], service: str, kind: int) -> ReceivedSpan:
    (span,) = (span for span in spans if (span.service, span.kind) == (service, kind))
    return span


def test_one_trace_goes_through_all_hops(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SENT_AT_ONCE.items():
        monkeypatch.setenv(name, value)
    with collecting() as collector:
        tracing = ["--otlp-endpoint", collector.endpoint]
        with running_chain(orc1=tracing, orc2=tracing, mock_data=tracing) as chain:
            get_user(chain.orc1)
            spans = collector.wait_for_spans(SPANS_OF_A_CALL)
    assert len(spans) == SPANS_OF_A_CALL
    assert {span.trace_id for span in spans} == {TRACE_ID}
    parent = CALLER_SPAN
    for service, kind, name in (
        ("orc1", SERVER, "user.Orchestrator1Service/GetUserByName"),
        ("orc1", CLIENT, "user.Orchestrator2Service/GetUser"),
        ("orc2", SERVER, "user.Orchestrator2Service/GetUser"),
        ("orc2", CLIENT, "user.MockUserDataService/GetMockUserData"),
        ("mock_data", SERVER, "user.MockUserDataService/GetMockUserData"),
    ):
        span = find(spans, service, kind)
        assert (span.name, span.parent_id) == (name, parent)
        assert span.attributes["rpc.grpc.status_code"] == grpc.StatusCode.OK.value[0]
        parent = span.span_id


def test_a_stopping_server_sends_its_last_spans() -> None:
    with (
        collecting() as collector,
        running("services/mock_data", "--otlp-endpoint", collector.endpoint) as server,
    ):
        get_mock_user(server)
        assert server.stop() == 0
        assert [span.service for span in collector.spans] == ["mock_data"]


def test_the_trace_goes_on_when_tracing_is_off() -> None:
    with running_chain() as chain:
        get_user(chain.orc1)
        for server in (chain.orc1, chain.orc2, chain.mock_data):
            assert server.stop() == 0
            assert [call["trace_id"] for call in server.calls()] == [TRACE_ID]


def test_an_absent_collector_delays_neither_calls_nor_exit(
    patient_exporter: None,
) -> None:
    with reserved_address() as nobody:
        away = ["--otlp-endpoint", f"http://{nobody}"]
        with running_chain(orc1=away, orc2=away, mock_data=away) as chain:
            for _ in range(20):
                assert get_user(chain.orc1).roll == 70
            assert_stop_soon([chain.orc1, chain.orc2, chain.mock_data])


def test_a_silent_collector_does_not_delay_the_exit(patient_exporter: None) -> None:
    # Its backlog accepts the connection. Nobody reads from it.
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with running("services/mock_data", "--otlp-endpoint", endpoint) as server:
            get_mock_user(server)
            assert_stop_soon([server])


def assert_stop_soon(servers: list[ServerProcess]) -> None:
    started = time.monotonic()
    for server in servers:
        server.signal(signal.SIGTERM)
    assert [server.wait() for server in servers] == [0] * len(servers)
    assert time.monotonic() - started < MUCH_LESS_THAN_THE_EXPORTER_WAITS
