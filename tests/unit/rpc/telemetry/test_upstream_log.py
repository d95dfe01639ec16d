"""Lines about unusable upstreams: their timing and their text."""

import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

from rpc.telemetry import log_pace
from rpc.telemetry.log_setup import configure_logs
from rpc.telemetry.upstream_log import UpstreamLog
from rpc.upstream.watch import UpstreamWatch

import pytest

from tests.support.logging_setup import logs_restored


@pytest.fixture(autouse=True)
def _json_log() -> Iterator[None]:
    with logs_restored():
        configure_logs("orc2", "json")
        yield


@pytest.fixture
def upstream() -> UpstreamWatch:
    """An upstream with the fields used by a line."""
    seen = SimpleNamespace(
        name="mock_data",
        target="127.0.0.1:10000",
        cause="127.0.0.1:10000: connection refused",
        since=1.0,
        waiting=2,
    )
    return cast("UpstreamWatch", seen)


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_the_first_line_has_place_cause_and_time(
    upstream: UpstreamWatch, capsys: pytest.CaptureFixture[str]
) -> None:
    log = UpstreamLog()
    log.watched(upstream)
    log.unusable(upstream)
    (line,) = lines(capsys)
    del line["timestamp"]
    assert line == {
        "level": "warning",
        "service": "orc2",
        "event": "upstream unusable",
        "upstream": "mock_data",
        "target": "127.0.0.1:10000",
        "cause": "127.0.0.1:10000: connection refused",
        "since": "1970-01-01T00:00:01.000000Z",
        "calls_waiting": 2,
    }


def test_one_that_comes_and_goes_has_its_lines_once(
    upstream: UpstreamWatch, capsys: pytest.CaptureFixture[str]
) -> None:
    log = UpstreamLog()
    log.watched(upstream)
    for _ in range(3):
        log.unusable(upstream)
        log.usable(upstream, 0.1)
    assert [line["event"] for line in lines(capsys)] == ["upstream unusable", "upstream usable"]


def test_later_it_has_a_line_again_with_the_times_that_had_none(
    upstream: UpstreamWatch, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    monkeypatch.setattr("rpc.telemetry.log_pace.time.monotonic", lambda: now)
    log = UpstreamLog()
    log.watched(upstream)
    for _ in range(3):
        log.unusable(upstream)
        log.usable(upstream, 0.1)
    now = log_pace.LOG_SECONDS
    log.unusable(upstream)
    assert lines(capsys)[-1]["times"] == 3


def test_a_reminder_needs_calls_that_wait(
    upstream: UpstreamWatch, capsys: pytest.CaptureFixture[str]
) -> None:
    log = UpstreamLog()
    log.watched(upstream)
    log.unusable(upstream)
    log.still_unusable(upstream)
    assert lines(capsys)[-1]["event"] == "upstream still unusable"
    cast("Any", upstream).waiting = 0
    log.still_unusable(upstream)
    assert lines(capsys) == []
