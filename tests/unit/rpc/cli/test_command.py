"""A server's command: from arguments and environment to settings and an exit code."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from rpc.cli.program import run_program
from rpc.core.address import AddressError
from rpc.core.option_types import SECONDS
from rpc.server.application import Application, Upstream
from rpc.server.ready_file import ReadyFileError
from rpc.server.settings import AdminSettings, ServerSettings, ShutdownSettings
from rpc.service import Service
from rpc.telemetry.metrics_endpoint import MetricsEndpointError
from rpc.telemetry.settings import TelemetrySettings, TracingSettings
from rpc.tls.files import ChannelTls, ServerTls, TlsError
from rpc.transports.settings import LimitSettings, ListeningSettings
from rpc.transports.transport import BindError
from rpc.upstream.name_check import UnknownNameError
from rpc.upstream.settings import UpstreamSettings

import click
import pytest

from proto import user_pb2_grpc


class Orchestrator1(user_pb2_grpc.Orchestrator1ServiceServicer):
    """Serve."""

    def __init__(self, orc2: object) -> None:
        """Takes a stub."""


class MockData(user_pb2_grpc.MockUserDataServiceServicer):
    """Serve."""

    def __init__(self, delay: float) -> None:
        """Takes an option."""


ORC1 = Service(
    "orc1",
    port=9000,
    servicer=Orchestrator1,
    register=user_pb2_grpc.add_Orchestrator1ServiceServicer_to_server,
    upstream=Upstream("orc2", user_pb2_grpc.Orchestrator2ServiceStub, port=9001),
)
MOCK_DATA = Service(
    "mock_data",
    port=10000,
    servicer=MockData,
    register=user_pb2_grpc.add_MockUserDataServiceServicer_to_server,
    options=[click.option("--delay", type=SECONDS, default=0.0)],
)


class Served:
    """Stands in for a server: keeps its settings and options."""

    def __init__(self) -> None:
        self.settings = ServerSettings(name="")
        self.options: Mapping[str, Any] = {}
        self.error: BaseException | None = None

    def run(self, _: Application, settings: ServerSettings, options: Mapping[str, Any]) -> None:
        self.settings, self.options = settings, options
        if self.error is not None:
            raise self.error


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Served:
    served = Served()
    monkeypatch.setattr("rpc.cli.command.run_server", served.run)
    return served


Run = Callable[..., Any]


@pytest.fixture
def run(served: Served, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a service's main with arguments and returns its exit code."""

    def run(*arguments: str, service: Service = ORC1) -> Any:
        monkeypatch.setattr(sys, "argv", [service.application.name, *arguments])
        with pytest.raises(SystemExit) as raised:
            service.main()
        return raised.value.code

    return run


def test_by_default_a_server_is_on_loopback_with_its_upstream(run: Run, served: Served) -> None:
    assert run() == 0
    assert served.settings == ServerSettings(
        name="orc1",
        listening=ListeningSettings(address="127.0.0.1:9000"),
        upstreams={"orc2": UpstreamSettings(target="127.0.0.1:9001")},
    )
    assert served.options == {}


def test_every_setting_has_an_option(run: Run, served: Served) -> None:
    assert (
        run(
            *("--listen", "[::1]:0", "--reuse-port", "--insecure"),
            *("--tls-certificate", "c", "--tls-key", "k", "--tls-client-ca", "ca"),
            *("--upstream", "dns:///orc2:1", "--upstream-tls", "--upstream-tls-ca", "ua"),
            *("--upstream-tls-certificate", "uc", "--upstream-tls-key", "uk"),
            *("--upstream-tls-server-name", "name", "--default-timeout", "1.5"),
            *("--max-concurrent-rpcs", "7", "--max-connection-age", "60"),
            *("--grace", "2", "--drain-delay", "3"),
            *("--ready-file", "r", "--log-format", "json", "--metrics-address", ":9100"),
            *("--otlp-endpoint", "http://c:4317", "--no-reflection", "--no-channelz"),
        )
        == 0
    )
    upstream_tls = ChannelTls(
        ca=Path("ua"), certificate=Path("uc"), key=Path("uk"), server_name="name"
    )
    assert served.settings == ServerSettings(
        name="orc1",
        listening=ListeningSettings(
            address="[::1]:0",
            reuse_port=True,
            tls=ServerTls(certificate=Path("c"), key=Path("k"), client_ca=Path("ca")),
            insecure=True,
        ),
        upstreams={
            "orc2": UpstreamSettings(target="dns:///orc2:1", tls=upstream_tls, default_timeout=1.5)
        },
        limits=LimitSettings(max_concurrent_rpcs=7, max_connection_age=60.0),
        shutdown=ShutdownSettings(grace=2.0, drain_delay=3.0),
        ready_file=Path("r"),
        telemetry=TelemetrySettings(
            log_format="json",
            metrics_address="127.0.0.1:9100",
            tracing=TracingSettings(otlp_endpoint="http://c:4317"),
        ),
        admin=AdminSettings(reflection=False, channelz=False),
    )


def test_the_command_line_overrides_the_environment(
    run: Run, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ORC1_GRACE", "7")
    monkeypatch.setenv("ORC1_DRAIN_DELAY", "7")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4317")
    assert run("--grace", "8") == 0
    shutdown = served.settings.shutdown
    assert (shutdown.grace, shutdown.drain_delay) == (8.0, 7.0)
    assert served.settings.telemetry.tracing.otlp_endpoint == "http://c:4317"


def test_tls_to_the_upstream_is_implied_by_its_options(run: Run, served: Served) -> None:
    assert run("--upstream-tls-ca", "ca") == 0
    assert served.settings.upstreams["orc2"].tls == ChannelTls(ca=Path("ca"))
    assert run("--upstream-tls") == 0
    assert served.settings.upstreams["orc2"].tls == ChannelTls()


@pytest.mark.parametrize(
    "arguments",
    [
        ["--tls-certificate", "c"],
        ["--tls-key", "k"],
        ["--tls-client-ca", "ca"],
        ["--listen", "x"],
        ["--no-such-option"],
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(
    run: Run, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    assert run(*arguments) == 2
    written = capsys.readouterr().err
    assert written.startswith("orc1: ")
    assert written.count("\n") == 1


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (BindError("why"), 1),
        (MetricsEndpointError("why"), 1),
        (ReadyFileError("why"), 1),
        (UnknownNameError("why"), 1),
        (AddressError("why"), 2),
        (TlsError("why"), 2),
    ],
)
def test_a_server_that_cannot_start_is_one_line_and_an_exit_code(
    run: Run, served: Served, capsys: pytest.CaptureFixture[str], error: Exception, code: int
) -> None:
    served.error = error
    assert run() == code
    assert capsys.readouterr().err == "orc1: why\n"


def test_ctrl_c_has_the_shells_exit_code(run: Run, served: Served) -> None:
    served.error = click.Abort()
    assert run() == 130


def test_a_bug_is_not_swallowed(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["orc1"])
    served.error = KeyError("bug")
    with pytest.raises(KeyError):
        run_program("orc1", ORC1.command())


def test_help_and_version_are_printed(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--help") == 0
    assert "Serve." in capsys.readouterr().out
    assert run("--version") == 0
    assert capsys.readouterr().out.startswith("orc1, version ")


def test_a_command_has_own_options_and_no_upstream_by_default(
    run: Run, served: Served, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MOCK_DATA_DELAY", "2.5")
    assert run(service=MOCK_DATA) == 0
    assert served.options == {"delay": 2.5}
    listening = ListeningSettings(address="127.0.0.1:10000")
    assert served.settings == ServerSettings(name="mock_data", listening=listening)
    assert run("--upstream", "127.0.0.1:1", service=MOCK_DATA) == 2
    assert "No such option" in capsys.readouterr().err


def test_a_missing_option_is_named_in_one_sentence(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    service = Service(
        "mock_data",
        port=1,
        servicer=MockData,
        register=user_pb2_grpc.add_MockUserDataServiceServicer_to_server,
        options=[click.option("--delay", type=SECONDS, required=True)],
    )
    assert run(service=service) == 2
    said = "mock_data: Missing option '--delay' (see mock_data --help)\n"
    assert capsys.readouterr().err == said


def test_each_of_several_upstreams_has_options_of_its_own(run: Run, served: Served) -> None:
    stub = user_pb2_grpc.MockUserDataServiceStub
    service = Service(
        "both",
        port=1,
        servicer=Orchestrator1,
        register=user_pb2_grpc.add_Orchestrator1ServiceServicer_to_server,
        upstreams=[Upstream("mock_data", stub, port=2), Upstream("other", stub, port=3)],
    )
    arguments = [
        *("--upstream-mock-data", "127.0.0.1:4", "--upstream-mock-data-default-timeout", "7"),
        *("--upstream-other-tls-ca", "ca"),
    ]
    assert run(*arguments, service=service) == 0
    assert served.settings.upstreams == {
        "mock_data": UpstreamSettings(target="127.0.0.1:4", default_timeout=7.0),
        "other": UpstreamSettings(target="127.0.0.1:3", tls=ChannelTls(ca=Path("ca"))),
    }
    assert run("--upstream", "127.0.0.1:1", service=service) == 2


def test_the_help_has_its_options_in_groups(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--help") == 0
    headings = [line for line in capsys.readouterr().out.splitlines() if line[:1].isalpha()]
    assert headings[1:] == [
        *("Listening:", "Upstream:", "Limits:", "Stopping:", "Server:"),
        *("Log, metrics and traces:", "Looking inside:", "Options:"),
    ]
