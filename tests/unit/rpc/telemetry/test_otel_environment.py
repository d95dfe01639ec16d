"""OpenTelemetry's variables: used, or named in a line of the log, and never fatal."""

from pathlib import Path

from rpc.telemetry.otel_environment import (
    HEEDED,
    NOT_HEEDED,
    heed_environment,
    metrics_collector,
    take_out_unusable,
    traces_collector,
)

import opentelemetry.environment_variables as of_api
import opentelemetry.sdk.environment_variables as of_sdk
import pytest

GENERAL = "OTEL_EXPORTER_OTLP_ENDPOINT"
COLLECTOR, OTHER = "http://127.0.0.1:4317", "http://127.0.0.1:14317"


def known_to_the_sdk() -> set[str]:
    modules = {**vars(of_api), **vars(of_sdk)}
    return {value for value in modules.values() if isinstance(value, str)} & {
        value for name, value in modules.items() if name.removeprefix("_").startswith("OTEL_")
    }


@pytest.mark.parametrize("variable", sorted(known_to_the_sdk()))
def test_each_variable_of_the_sdk_is_heeded_or_refused(variable: str) -> None:
    refused = take_out_unusable({variable: "1"}) != [] and variable not in HEEDED
    assert (variable in HEEDED) != refused


def test_no_variable_is_both() -> None:
    for variable in HEEDED:
        whys = {complaint.why for complaint in take_out_unusable({variable: "\0"})}
        assert not whys & set(NOT_HEEDED.values())


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        (GENERAL, "http://collector"),
        (GENERAL, "https://collector:4317"),
        ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "grpc"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "2.5"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "api-key=a%20b, tenant = blue"),
        ("OTEL_TRACES_EXPORTER", "none"),
        ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio"),
        ("OTEL_TRACES_SAMPLER_ARG", "0.25"),
        ("OTEL_TRACES_SAMPLER_ARG", ".5"),
        ("OTEL_TRACES_SAMPLER_ARG", "1e-3"),
        ("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=prod,team=a"),
        ("OTEL_PROPAGATORS", "baggage, tracecontext"),
        ("OTEL_SDK_DISABLED", "TRUE"),
        # Not of OpenTelemetry: Kubernetes sets this for a service called otel-collector.
        ("OTEL_COLLECTOR_SERVICE_HOST", "10.0.0.1"),
    ],
)
def test_a_value_that_can_be_used_stays(variable: str, value: str) -> None:
    environment = {variable: value}
    assert take_out_unusable(environment) == []
    assert environment == {variable: value}


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        (GENERAL, "collector:4317", "http://HOST:PORT"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf", "only grpc"),
        ("OTEL_EXPORTER_OTLP_METRICS_COMPRESSION", "zstd", "only gzip and none"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "10s", "number above 0"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "nan", "number above 0"),
        ("OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE", "/no/such/file", "No such file"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "Bearer-s3cret", "list of key=value"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=s%C3%A9cret", "gRPC cannot send"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "api-key=a,api%0Akey=b", "gRPC cannot send"),
        ("OTEL_TRACES_EXPORTER", "console", "only otlp and none"),
        ("OTEL_METRICS_EXPORTER", "prometheus", "only otlp and none"),
        ("OTEL_LOGS_EXPORTER", "otlp", "only none"),
        ("OTEL_TRACES_SAMPLER", "sometimes", "always_on"),
        ("OTEL_TRACES_SAMPLER_ARG", "2", "from 0 to 1"),
        ("OTEL_TRACES_SAMPLER_ARG", "nan", "from 0 to 1"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "0", "whole number from 1"),
        ("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "many", "whole number from 0"),
        ("OTEL_PROPAGATORS", "tracecontext,b3", "baggage, none, tracecontext"),
        ("OTEL_RESOURCE_ATTRIBUTES", "prod", "list of key=value"),
        ("OTEL_SDK_DISABLED", "1", "only true and false"),
        ("OTEL_CONFIG_FILE", "otel.yaml", "no configuration by file"),
        ("OTEL_LOG_LEVEL", "debug", "--log-level"),
        ("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", COLLECTOR, "stderr"),
        ("OTEL_EXPORTER_PROMETHEUS_PORT", "9464", "--metrics-address"),
    ],
)
def test_a_value_that_cannot_is_taken_out(variable: str, value: str, told: str) -> None:
    environment = {variable: value, "PATH": "/bin"}
    ((name, why),) = take_out_unusable(environment)
    assert name == variable
    assert told in why
    assert "s3cret" not in why
    assert environment == {"PATH": "/bin"}


@pytest.mark.parametrize("variable", sorted(HEEDED))
def test_an_empty_value_is_none(variable: str) -> None:
    environment = {variable: " "}
    assert take_out_unusable(environment) == []
    assert environment == {}


def test_a_line_names_the_variable(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "sometimes")
    heed_environment()
    (record,) = caplog.records
    assert record.getMessage().startswith("OTEL_TRACES_SAMPLER is ignored: only always_on, ")


class TestCollector:
    """The target of traces and metrics, and the switch for them."""

    @pytest.fixture(autouse=True)
    def environment(self, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
        for variable in HEEDED:
            monkeypatch.delenv(variable, raising=False)
        return monkeypatch

    def test_by_default_nothing_is_sent(self) -> None:
        assert (traces_collector(None), metrics_collector(None)) == (None, None)

    def test_an_endpoint_is_for_traces(self) -> None:
        assert (traces_collector(COLLECTOR), metrics_collector(COLLECTOR)) == (COLLECTOR, None)

    def test_metrics_are_sent_where_they_are_selected(
        self, environment: pytest.MonkeyPatch
    ) -> None:
        environment.setenv("OTEL_METRICS_EXPORTER", "otlp")
        assert metrics_collector(OTHER) == OTHER
        assert metrics_collector(None) == "http://localhost:4317"

    @pytest.mark.parametrize("of_signal", [traces_collector, metrics_collector])
    def test_a_disabled_sdk_sends_nothing(
        self, environment: pytest.MonkeyPatch, of_signal: object
    ) -> None:
        environment.setenv("OTEL_METRICS_EXPORTER", "otlp")
        environment.setenv("OTEL_SDK_DISABLED", "true")
        assert callable(of_signal)
        assert of_signal(COLLECTOR) is None

    def test_no_exporter_sends_no_traces(self, environment: pytest.MonkeyPatch) -> None:
        environment.setenv("OTEL_TRACES_EXPORTER", "none")
        assert traces_collector(COLLECTOR) is None

    def test_an_exporter_alone_means_this_machines_collector(
        self, environment: pytest.MonkeyPatch
    ) -> None:
        environment.setenv("OTEL_TRACES_EXPORTER", "otlp")
        assert traces_collector(None) == "http://localhost:4317"

    def test_a_signals_own_endpoint_counts_more_than_the_general(
        self, environment: pytest.MonkeyPatch
    ) -> None:
        environment.setenv(GENERAL, COLLECTOR)
        environment.setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", OTHER)
        # The variable supplies the option's value.
        assert traces_collector(COLLECTOR) == OTHER

    def test_the_command_line_counts_most(self, environment: pytest.MonkeyPatch) -> None:
        environment.setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", OTHER)
        assert traces_collector(COLLECTOR) == COLLECTOR

    def test_a_value_that_cannot_be_used_is_none(self) -> None:
        assert traces_collector("collector:4317") is None


def test_a_file_that_can_be_read_is_taken(tmp_path: Path) -> None:
    (tmp_path / "ca.crt").touch()
    assert take_out_unusable({"OTEL_EXPORTER_OTLP_CERTIFICATE": str(tmp_path / "ca.crt")}) == []


@pytest.mark.parametrize(
    ("queue", "batch", "used", "is_said"),
    [
        ("100", None, "100", False),
        ("100", "200", "100", True),
        (None, "4000", "512", True),
        ("5000", "4000", "4000", False),
        ("5000", None, None, False),
    ],
)
def test_a_batch_fits_the_queue(
    queue: str | None, batch: str | None, used: str | None, *, is_said: bool
) -> None:
    given = {"OTEL_BSP_MAX_QUEUE_SIZE": queue, "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": batch}
    environment = {name: value for name, value in given.items() if value is not None}
    complaints = take_out_unusable(environment)
    assert environment.get("OTEL_BSP_MAX_EXPORT_BATCH_SIZE") == used
    said = [complaint.variable for complaint in complaints]
    assert said == (["OTEL_BSP_MAX_EXPORT_BATCH_SIZE"] if is_said else [])
