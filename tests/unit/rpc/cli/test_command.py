"""A server's command: from arguments and environment to settings and an exit code."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from rpc.cli.command import server_command
from rpc.core.address import AddressError
from rpc.server.ready_file import ReadyFileError
from rpc.server.settings import ServerSettings
from rpc.telemetry.metrics_endpoint import MetricsEndpointError
from rpc.tls.credentials import ChannelTls, ServerTls, TlsError
from rpc.transports.grpcio.binding import BindError
from rpc.upstream.channel import ChannelSettings
from rpc.upstream.name_check import UnknownNameError

import click
import pytest

Main = Callable[[], NoReturn]


class Served:
    """Stands in for a server: keeps what it was to serve with."""

    def __init__(self) -> None:
        self.settings = ServerSettings(name="", listen="")
        self.delay = 0.0
        self.error: Exception | None = None


@pytest.fixture
def served() -> Served:
    return Served()


@pytest.fixture
def main(served: Served) -> Main:
    @server_command("orc1", port=9000, upstream_port=9001)
    def serve(settings: ServerSettings) -> None:
        """Serve."""
        served.settings = settings
        if served.error is not None:
            raise served.error

    return serve


@pytest.fixture
def run(main: Main, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Runs the command with arguments and returns its exit code."""

    def run(*arguments: str) -> Any:
        monkeypatch.setattr(sys, "argv", ["orc1", *arguments])
        with pytest.raises(SystemExit) as raised:
            main()
        return raised.value.code

    return run


Run = Callable[..., Any]


def test_by_default_a_server_is_on_loopback_with_its_upstream(run: Run, served: Served) -> None:
    assert run() == 0
    upstream = ChannelSettings(target="127.0.0.1:9001")
    assert served.settings == ServerSettings(
        name="orc1", listen="127.0.0.1:9000", upstream=upstream
    )


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
        listen="[::1]:0",
        upstream=ChannelSettings(target="dns:///orc2:1", tls=upstream_tls, insecure=True),
        default_timeout=1.5,
        grace=2.0,
        drain_delay=3.0,
        max_concurrent_rpcs=7,
        max_connection_age=60.0,
        ready_file=Path("r"),
        log_format="json",
        tls=ServerTls(certificate=Path("c"), key=Path("k"), client_ca=Path("ca")),
        insecure=True,
        reuse_port=True,
        reflection=False,
        channelz=False,
        metrics_address="127.0.0.1:9100",
        otlp_endpoint="http://c:4317",
    )


def test_the_environment_is_asked_and_the_command_line_goes_before_it(
    run: Run, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ORC1_GRACE", "7")
    monkeypatch.setenv("ORC1_DRAIN_DELAY", "7")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4317")
    assert run("--grace", "8") == 0
    assert (served.settings.grace, served.settings.drain_delay) == (8.0, 7.0)
    assert served.settings.otlp_endpoint == "http://c:4317"


def test_tls_to_the_upstream_is_implied_by_its_options(run: Run, served: Served) -> None:
    assert run("--upstream-tls-ca", "ca") == 0
    assert served.settings.upstream is not None
    assert served.settings.upstream.tls == ChannelTls(ca=Path("ca"))
    assert run("--upstream-tls") == 0
    assert served.settings.upstream.tls == ChannelTls()


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


def test_a_bug_is_not_swallowed(
    main: Main, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["orc1"])
    served.error = KeyError("bug")
    with pytest.raises(KeyError):
        main()


def test_help_and_version_are_printed(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--help") == 0
    assert "Serve." in capsys.readouterr().out
    assert run("--version") == 0
    assert capsys.readouterr().out.startswith("orc1, version ")


def test_a_command_has_options_of_its_own_and_no_upstream_unless_it_is_given_one(
    served: Served, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    @server_command("mock_data", port=10000)
    @click.option("--delay", type=float, default=0.0)
    def main(settings: ServerSettings, delay: float) -> None:
        served.settings, served.delay = settings, delay

    monkeypatch.setenv("MOCK_DATA_DELAY", "2.5")
    monkeypatch.setattr(sys, "argv", ["mock_data"])
    with pytest.raises(SystemExit):
        main()
    assert served.delay == 2.5
    assert served.settings == ServerSettings(name="mock_data", listen="127.0.0.1:10000")
    monkeypatch.setattr(sys, "argv", ["mock_data", "--upstream", "127.0.0.1:1"])
    with pytest.raises(SystemExit):
        main()
    assert "No such option" in capsys.readouterr().err
