"""Connections that are turned away: bounded lines of the log, and a count of all."""

import json
from collections.abc import Iterator

from rpc.telemetry.bounded_log import MOST_LINES, WINDOW_SECONDS, BoundedLog
from rpc.telemetry.log_setup import configure_logs
from rpc.telemetry.metrics import Metrics
from rpc.telemetry.turned_away import TurnedAwayConnections

import pytest

from tests.support.logging_setup import logs_restored


@pytest.fixture(autouse=True)
def _restore_logs() -> Iterator[None]:
    with logs_restored():
        configure_logs("orc1", "json")
        yield


def test_each_is_logged_and_counted_by_its_cause(capsys: pytest.CaptureFixture[str]) -> None:
    metrics, connections = Metrics(), TurnedAwayConnections()
    connections.count = metrics.count_turned_away
    connections.tell("ipv4:10.0.0.1:5", "handshake", "no certificate")
    line = json.loads(capsys.readouterr().err)
    assert line["event"] == "connection turned away"
    assert (line["peer"], line["cause"]) == ("ipv4:10.0.0.1:5", "handshake")
    assert line["reason"] == "no certificate"
    name = "grpc_server_connections_turned_away_total"
    assert metrics.registry.get_sample_value(name, {"cause": "handshake"}) == 1


def test_more_than_the_most_are_counted_in_the_next_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    now = 0.0
    log = BoundedLog("event", clock=lambda: now)
    for number in range(MOST_LINES + 5):
        log.warning(number=number)
    assert len(capsys.readouterr().err.splitlines()) == MOST_LINES
    now = WINDOW_SECONDS
    log.warning(number=-1)
    log.warning(number=-2)
    first, second = capsys.readouterr().err.splitlines()
    assert json.loads(first)["unlogged"] == 5
    assert "unlogged" not in json.loads(second)
