"""Refused connections: bounded lines of the log, and a full count."""

import json
import time
from collections.abc import Iterator

from rpc.telemetry import log_pace
from rpc.telemetry.log_setup import configure_logs
from rpc.telemetry.metrics import Metrics
from rpc.telemetry.turned_away_connections import TurnedAwayConnections
from rpc.tls.expiry import CertificateExpiry

import pytest

from tests.support.logging_setup import logs_restored


@pytest.fixture(autouse=True)
def _restore_logs() -> Iterator[None]:
    with logs_restored():
        configure_logs("orc1", "json")
        yield


def test_each_is_logged_and_counted_by_its_cause(capsys: pytest.CaptureFixture[str]) -> None:
    metrics, connections = Metrics(CertificateExpiry()), TurnedAwayConnections()
    connections.count = metrics.count_turned_away
    connections.report("ipv4:10.0.0.1:5", "handshake", "no certificate")
    line = json.loads(capsys.readouterr().err)
    assert line["event"] == "connection turned away"
    assert (line["peer"], line["cause"]) == ("ipv4:10.0.0.1:5", "handshake")
    assert line["reason"] == "no certificate"
    name = "grpc_server_connections_turned_away_total"
    assert metrics.registry.get_sample_value(name, {"cause": "handshake"}) == 1


def test_the_next_line_counts_those_that_have_none(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    connections = TurnedAwayConnections()
    for _ in range(5):
        connections.report("ipv4:10.0.0.1:5", "handshake", "no certificate")
    later = time.monotonic() + log_pace.LOG_SECONDS
    monkeypatch.setattr("rpc.telemetry.log_pace.time.monotonic", lambda: later)
    connections.report("ipv4:10.0.0.1:5", "handshake", "no certificate")
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line["times"] for line in lines] == [1, 5]
