"""`client health` shows any server's health, for people and for probes."""

import json
import re
import signal
from collections.abc import Iterator

import pytest

from testing.addresses import reserved_address
from testing.collector import collecting
from testing.processes import ServerProcess, running
from testing.waiting import wait_until
from tests.support.client import PATIENCE, REQUEST_ID, run_client


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    with running("services/mock_data") as server:
        yield server


@pytest.mark.parametrize("service", ["", "user.MockUserDataService"])
def test_a_server_that_serves(server: ServerProcess, service: str) -> None:
    ended = run_client("health", "--target", server.address, "--service", service, *PATIENCE)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, b"SERVING\n", b"")


def test_a_service_that_the_server_does_not_have(server: ServerProcess) -> None:
    ended = run_client("health", "--target", server.address, "--service", "user.Other", *PATIENCE)
    assert (ended.returncode, ended.stdout, ended.stderr) == (1, b"SERVICE_UNKNOWN\n", b"")


def test_json(server: ServerProcess) -> None:
    ended = run_client("health", "--target", server.address, "--output", "json", *PATIENCE)
    assert json.loads(ended.stdout) == {"service": "", "status": "SERVING"}


def test_a_server_that_drains() -> None:
    with running("services/mock_data", "--drain-delay", "60") as server:
        server.signal(signal.SIGTERM)
        wait_until(lambda: any(line["event"] == "stopping" for line in server.log()), "it drains")
        # The log line comes a moment before the status changes.
        wait_until(lambda: _status(server) == b"NOT_SERVING\n", "it says so")
        ended = run_client("health", "--target", server.address, *PATIENCE)
        assert (ended.returncode, ended.stdout) == (1, b"NOT_SERVING\n")


def _status(server: ServerProcess) -> bytes:
    return run_client("health", "--target", server.address, *PATIENCE).stdout


def test_a_missing_service_error_names_the_health_check(
    server: ServerProcess,
) -> None:
    ended = run_client("--target", server.address, "--timeout", "1")
    assert ended.returncode == 1
    assert b"does not serve user.Orchestrator1Service, or not now" in ended.stderr
    assert b"`client health --service user.Orchestrator1Service`" in ended.stderr
    assert b"is the server running" not in ended.stderr


def test_json_of_a_server_that_is_not_there() -> None:
    with reserved_address() as nobody:
        arguments = ("health", "--target", nobody, "--timeout", "0.5", "--output", "json")
        ended = run_client(*arguments)
    assert ended.returncode == 1
    failure = json.loads(ended.stdout)
    assert failure["error"]["code"] == "DEADLINE_EXCEEDED"
    assert re.fullmatch(REQUEST_ID, failure["request_id"])


# Each takes time, too much for a probe every few seconds.
NOT_FOR_PROBES = ("opentelemetry", "orjson", "prometheus_client", "structlog", "tqdm")


def test_a_probe_imports_only_what_it_needs(
    server: ServerProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPROFILEIMPORTTIME", "1")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    ended = run_client("health", "--target", server.address, *PATIENCE)
    imported = {line.rpartition("|")[2].strip() for line in ended.stderr.decode().splitlines()}
    assert ended.stdout == b"SERVING\n"
    assert "grpc" in imported
    assert [name for name in imported if name.partition(".")[0] in NOT_FOR_PROBES] == []


@pytest.mark.parametrize("variable", ["OTEL_EXPORTER_OTLP_ENDPOINT", "CLIENT_OTLP_ENDPOINT"])
def test_a_probe_takes_no_collector_from_its_environment(
    server: ServerProcess, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    with collecting() as collector:
        monkeypatch.setenv(variable, collector.endpoint)
        run_client("health", "--target", server.address, *PATIENCE)
        # A client sends everything before it ends.
        assert collector.spans == []


def test_a_probe_sends_a_trace_with_the_option(server: ServerProcess) -> None:
    with collecting() as collector:
        told = ("--otlp-endpoint", collector.endpoint)
        assert run_client("health", "--target", server.address, *told, *PATIENCE).returncode == 0
        (span,) = collector.spans
        assert (span.service, span.name) == ("client", "grpc.health.v1.Health/Check")
