"""Metrics: the series changed by a call."""

from typing import Any

from rpc.core.call import UpstreamCall
from rpc.core.errors import RpcStatusError
from rpc.core.outcome import Outcome
from rpc.interceptors.load_shedding import LoadShedding
from rpc.telemetry.metrics import Metrics
from rpc.tls.expiry import CertificateExpiry

import grpc
import pytest
from prometheus_client.openmetrics.exposition import generate_latest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as untyped_parse

from tests.support.calls import make_call

parse: Any = untyped_parse

METHOD = "user.Orchestrator1Service/GetUserByName"
UPSTREAM_METHOD = "user.Orchestrator2Service/GetUser"


@pytest.fixture
def metrics() -> Metrics:
    return Metrics(CertificateExpiry())


def value(metrics: Metrics, name: str, **labels: Any) -> float | None:
    return metrics.registry.get_sample_value(name, {"grpc_method": METHOD} | labels)


def test_a_call_is_in_flight_until_it_is_answered(metrics: Metrics) -> None:
    call = make_call()
    metrics.of_calls.started(call)
    assert value(metrics, "grpc_server_call_started_total") == 1
    assert value(metrics, "grpc_server_call_in_flight") == 1
    metrics.of_calls.finished(call, Outcome(grpc.StatusCode.OK, 0.25))
    assert value(metrics, "grpc_server_call_started_total") == 1
    assert value(metrics, "grpc_server_call_in_flight") == 0


def test_a_calls_time_is_under_its_status(metrics: Metrics) -> None:
    call = make_call()
    metrics.of_calls.started(call)
    metrics.of_calls.finished(call, Outcome(grpc.StatusCode.UNAVAILABLE, 0.25))
    name, status = "grpc_server_call_duration_seconds", {"grpc_status": "UNAVAILABLE"}
    assert value(metrics, f"{name}_count", **status) == 1
    assert value(metrics, f"{name}_sum", **status) == 0.25
    assert value(metrics, f"{name}_bucket", **status, le="0.2") == 0
    assert value(metrics, f"{name}_bucket", **status, le="0.25") == 1
    assert value(metrics, f"{name}_count", grpc_status="OK") is None


def test_a_call_that_was_tried_before_is_counted(metrics: Metrics) -> None:
    again = make_call(metadata=(("grpc-previous-rpc-attempts", "1"),))
    for call in (make_call(), again):
        metrics.of_calls.started(call)
        metrics.of_calls.finished(call, Outcome(grpc.StatusCode.OK, 0.25))
    assert metrics.registry.get_sample_value("grpc_server_call_retried_total") == 1


def test_slots_are_read_at_each_scrape(metrics: Metrics) -> None:
    shedding = LoadShedding(1)
    metrics.watch_slots(shedding)
    shedding.received(make_call(), None)
    with pytest.raises(RpcStatusError):
        shedding.received(make_call(), None)
    read = metrics.registry.get_sample_value
    assert read("grpc_server_call_slots") == 1
    assert read("grpc_server_call_slots_taken") == 1
    assert read("grpc_server_call_shed_total") == 1


def test_the_loops_lag_is_in_its_bucket(metrics: Metrics) -> None:
    metrics.record_lag(0.15)
    for bound, count in (("0.1", 0), ("0.2", 1)):
        sample = metrics.registry.get_sample_value("event_loop_lag_seconds_bucket", {"le": bound})
        assert sample == count


def test_calls_of_what_is_no_method_are_counted_under_one_name(metrics: Metrics) -> None:
    call = make_call(known=False)
    metrics.of_calls.started(call)
    metrics.of_calls.finished(call, Outcome(grpc.StatusCode.UNIMPLEMENTED, 0.25))
    assert value(metrics, "grpc_server_call_started_total") is None
    assert value(metrics, "grpc_server_call_started_total", grpc_method="other") == 1


def test_calls_to_the_upstream_are_counted_apart(metrics: Metrics) -> None:
    call = UpstreamCall(f"/{UPSTREAM_METHOD}", 0.0, 1.0, "id", ())
    metrics.of_upstream_calls.started(call)
    method = {"grpc_method": UPSTREAM_METHOD}
    assert value(metrics, "grpc_client_call_in_flight", **method) == 1
    metrics.of_upstream_calls.finished(call, grpc.StatusCode.DEADLINE_EXCEEDED, 1.0)
    assert value(metrics, "grpc_client_call_in_flight", **method) == 0
    name = "grpc_client_call_duration_seconds_count"
    assert value(metrics, name, **method, grpc_status="DEADLINE_EXCEEDED") == 1
    assert value(metrics, "grpc_server_call_started_total", **method) is None


def test_two_servers_in_one_process_count_apart(metrics: Metrics) -> None:
    metrics.of_calls.started(make_call())
    assert value(Metrics(CertificateExpiry()), "grpc_server_call_started_total") is None


def test_the_process_is_measured(metrics: Metrics) -> None:
    assert metrics.registry.get_sample_value("process_resident_memory_bytes")


def open_metrics(metrics: Metrics) -> str:
    text: bytes = generate_latest(metrics.registry)  # type: ignore[no-untyped-call]
    return text.decode()


TRACE_ID, SPAN_ID = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.mark.parametrize("flags", ["00", "01"])
def test_a_call_of_a_sampled_trace_is_an_exemplar(flags: str) -> None:
    metrics = Metrics(CertificateExpiry(), exemplars=True)
    call = make_call(trace_context=(("traceparent", f"00-{TRACE_ID}-{SPAN_ID}-{flags}"),))
    metrics.of_calls.started(call)
    metrics.of_calls.finished(call, Outcome(grpc.StatusCode.OK, 0.25))
    bucket = "grpc_server_call_duration_seconds_bucket"
    families = parse(open_metrics(metrics))
    samples = [sample for family in families for sample in family.samples if sample.name == bucket]
    exemplars = [sample.exemplar.labels for sample in samples if sample.exemplar]
    assert exemplars == ([{"trace_id": TRACE_ID, "span_id": SPAN_ID}] if flags == "01" else [])


def test_without_traces_there_are_no_exemplars(metrics: Metrics) -> None:
    call = make_call(trace_context=(("traceparent", f"00-{TRACE_ID}-{SPAN_ID}-01"),))
    metrics.of_calls.started(call)
    metrics.of_calls.finished(call, Outcome(grpc.StatusCode.OK, 0.25))
    assert TRACE_ID not in open_metrics(metrics)
