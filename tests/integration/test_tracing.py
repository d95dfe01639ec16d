"""Traces: one through all hops, and a collector's failures do not affect calls."""

import signal
import socket
import time

from rpc.core.version import VERSION

import grpc
import pytest

from proto import user_pb2, user_pb2_grpc
from testing.addresses import reserved_address
from testing.chain import running_chain
from testing.collector import SENT_AT_ONCE, ReceivedSpan, collecting
from testing.processes import ServerProcess, running
from testing.waiting import LIMIT_SECONDS

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
CALLER_SPAN = "b7ad6b7169203331"
TRACEPARENT = ("traceparent", f"00-{TRACE_ID}-{CALLER_SPAN}-01")
SPANS_OF_A_CALL = 5
SERVER, CLIENT = 2, 3
MUCH_LESS_THAN_THE_EXPORTER_WAITS = 15


@pytest.fixture
def patient_exporter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes the SDK delay the exit for its own limit of 30 s, if left to itself."""
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
        assert span.attributes["rpc.response.status_code"] == "OK"
        parent = span.span_id


def spans_with(environment: dict[str, str]) -> list[ReceivedSpan]:
    """The spans of one call to mock_data."""
    with collecting() as collector:
        environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint} | environment
        with running("services/mock_data", environment=environment) as server:
            get_mock_user(server)
            assert server.stop() == 0
        return collector.spans


def test_the_resource_is_the_service_and_its_version() -> None:
    (span,) = spans_with({})
    assert span.resource["service.name"] == "mock_data"
    assert span.resource["service.version"] == VERSION


def test_the_resource_is_from_the_environment() -> None:
    resource = "team=blue,service.version=7,service.name=nobody"
    environment = {"OTEL_SERVICE_NAME": "users", "OTEL_RESOURCE_ATTRIBUTES": resource}
    (span,) = spans_with(environment)
    assert span.resource["service.name"] == "users"
    assert span.resource["service.version"] == "7"
    assert span.resource["team"] == "blue"


@pytest.mark.parametrize(
    "environment",
    [
        {"OTEL_TRACES_EXPORTER": "none"},
        {"OTEL_SDK_DISABLED": "true"},
        {"OTEL_TRACES_SAMPLER": "always_off"},
    ],
    ids=lambda environment: next(iter(environment)),
)
def test_no_spans_are_sent_where_none_are_wanted(environment: dict[str, str]) -> None:
    assert spans_with(environment) == []


def test_a_proxy_is_not_used_for_a_collector_on_this_machine() -> None:
    with reserved_address() as nobody:
        proxy = f"http://{nobody}"
        assert len(spans_with({"HTTP_PROXY": proxy, "http_proxy": proxy, "no_proxy": ""})) == 1


@pytest.mark.parametrize(
    ("variable", "value", "is_sent"),
    [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317", False),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf", True),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "zstd", True),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "soon", True),
        ("OTEL_TRACES_EXPORTER", "zipkin", True),
        ("OTEL_PROPAGATORS", "b3", True),
        ("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "many", True),
        ("OTEL_TRACES_SAMPLER", "sometimes", True),
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "4000", True),
    ],
)
def test_a_bad_variable_is_a_line_and_stops_nothing(
    variable: str, value: str, *, is_sent: bool
) -> None:
    with collecting() as collector:
        environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint, variable: value}
        with running("services/mock_data", environment=environment) as server:
            get_mock_user(server)
            assert server.stop() == 0
            warnings = [line["event"] for line in server.log() if line["level"] == "warning"]
    assert len(warnings) == 1
    assert warnings[0].startswith(f"{variable} is ignored: ")
    assert len(collector.spans) == is_sent


def test_propagators_select_what_is_forwarded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_PROPAGATORS", "baggage")
    with running_chain() as chain:
        get_user(chain.orc1)
        for server in (chain.orc1, chain.orc2, chain.mock_data):
            assert server.stop() == 0
            assert ["trace_id" in call for call in server.calls()] == [False]


def test_metrics_are_sent_where_they_are_selected() -> None:
    with collecting() as collector:
        environment = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint,
            "OTEL_METRICS_EXPORTER": "otlp",
            "OTEL_TRACES_EXPORTER": "none",
        }
        with running("services/mock_data", environment=environment) as server:
            get_mock_user(server)
            assert server.stop() == 0
        received = collector.of_metrics.metrics
    duration = received["grpc_server_call_duration_seconds"]
    assert duration.resource["service.name"] == "mock_data"
    (point,) = duration.message.histogram.data_points
    assert point.count == 1
    assert received["process_resident_memory_bytes"].message.gauge.data_points[0].as_double > 0
    assert "process.uptime" in received


def test_a_stopping_server_sends_its_last_spans() -> None:
    with (
        collecting() as collector,
        running("services/mock_data", "--otlp-endpoint", collector.endpoint) as server,
    ):
        get_mock_user(server)
        assert server.stop() == 0
        assert [span.service for span in collector.spans] == ["mock_data"]


def test_the_trace_is_forwarded_when_tracing_is_off() -> None:
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
