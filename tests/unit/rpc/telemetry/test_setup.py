"""The recording interceptors of a server."""

from collections.abc import Iterator
from contextlib import contextmanager

from rpc.telemetry import tracing
from rpc.telemetry.settings import TelemetrySettings, TracingSettings
from rpc.telemetry.setup import Telemetry, start_tracing, telemetry
from rpc.tls.expiry import CertificateExpiry

import pytest

from testing.addresses import reserved_address


@contextmanager
def made(settings: TelemetrySettings) -> Iterator[Telemetry]:
    with telemetry("test", settings, None, CertificateExpiry()) as made:
        yield made


def modules(interceptors: object) -> list[str]:
    assert isinstance(interceptors, list)
    return [type(interceptor).__module__.rpartition(".")[2] for interceptor in interceptors]


def test_by_default_calls_are_logged_and_no_more() -> None:
    with made(TelemetrySettings()) as recorded:
        assert modules(recorded.of_calls) == ["access_log"]
        assert modules(recorded.of_upstream_calls) == []
        assert recorded.metrics_address is None


def test_telemetry_watches_both_sides_and_the_log_comes_last() -> None:
    with reserved_address() as collector:
        to_collector = TracingSettings(otlp_endpoint=f"http://{collector}")
        settings = TelemetrySettings(metrics_address="127.0.0.1:0", tracing=to_collector)
        with made(settings) as recorded:
            assert modules(recorded.of_calls) == ["tracing", "metrics", "access_log"]
            assert modules(recorded.of_upstream_calls) == ["tracing", "metrics"]
            assert recorded.metrics_address is not None


def test_what_cannot_be_set_up_is_a_line_and_stops_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise ValueError("no way")

    monkeypatch.setattr(tracing, "Tracing", fail)
    assert start_tracing("orc1", "http://127.0.0.1:1") is None
    assert caplog.messages == ["cannot send traces: no way; look at the OTEL_ variables"]
