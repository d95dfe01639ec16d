"""Spans: of which call, with which parent, sent to the collector when the server stops."""

import threading
from collections.abc import Iterator

from rpc.core.call import UpstreamCall
from rpc.core.outcome import Outcome
from rpc.telemetry.tracing import Tracing

import grpc
import pytest

from tests.support.addresses import reserved_address
from tests.support.calls import make_call
from tests.support.collector import Collector, collecting
from tests.support.waiting import LIMIT_SECONDS

TRACE_ID, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
SAMPLED = (("traceparent", f"00-{TRACE_ID}-{PARENT}-01"), ("tracestate", "vendor=1"))
NOT_SAMPLED = (("traceparent", f"00-{TRACE_ID}-{PARENT}-00"),)
UPSTREAM_METHOD = "/user.Orchestrator2Service/GetUser"


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as collector:
        yield collector


def finished(code: grpc.StatusCode) -> Outcome:
    return Outcome(code, 0.1)


def test_a_call_is_a_child_of_its_callers_span(collector: Collector) -> None:
    tracing = Tracing("orc1", collector.endpoint)
    call = make_call(trace_context=SAMPLED)
    tracing.of_calls.started(call)
    (parent, state) = call.trace_context
    assert state == ("tracestate", "vendor=1")
    tracing.of_calls.finished(call, finished(grpc.StatusCode.OK))
    tracing.close()
    (span,) = collector.spans
    assert parent == ("traceparent", f"00-{TRACE_ID}-{span.span_id}-01")
    assert (span.service, span.trace_id, span.parent_id) == ("orc1", TRACE_ID, PARENT)
    assert span.name == "user.Orchestrator1Service/GetUserByName"
    assert span.attributes == {
        "rpc.system": "grpc",
        "rpc.service": "user.Orchestrator1Service",
        "rpc.method": "GetUserByName",
        "rpc.grpc.status_code": 0,
    }


def test_a_call_without_a_trace_begins_one(collector: Collector) -> None:
    tracing = Tracing("orc1", collector.endpoint)
    call = make_call()
    tracing.of_calls.started(call)
    tracing.of_calls.finished(call, finished(grpc.StatusCode.OK))
    tracing.close()
    (span,) = collector.spans
    assert span.parent_id == ""
    ((key, parent),) = call.trace_context
    assert key == "traceparent"
    # The flags at the end: sampled, and perhaps that the id is random.
    assert parent.startswith(f"00-{span.trace_id}-{span.span_id}-0")


def test_a_call_that_is_not_sampled_is_passed_on_and_not_sent(collector: Collector) -> None:
    tracing = Tracing("orc1", collector.endpoint)
    call = make_call(trace_context=NOT_SAMPLED)
    tracing.of_calls.started(call)
    tracing.of_calls.finished(call, finished(grpc.StatusCode.OK))
    tracing.close()
    assert collector.spans == []
    assert call.trace_context[0][1].startswith(f"00-{TRACE_ID}-")
    assert call.trace_context[0][1].endswith("-00")


def test_the_upstream_is_told_of_the_span_of_the_call_to_it(collector: Collector) -> None:
    tracing = Tracing("orc1", collector.endpoint)
    call = UpstreamCall(UPSTREAM_METHOD, 0.0, 1.0, "id", SAMPLED)
    tracing.of_upstream_calls.started(call)
    tracing.of_upstream_calls.finished(call, grpc.StatusCode.OK, 0.1)
    tracing.close()
    (span,) = collector.spans
    assert (span.kind, span.parent_id) == (3, PARENT)
    assert call.all_metadata()[1] == ("traceparent", f"00-{TRACE_ID}-{span.span_id}-01")


@pytest.mark.parametrize(
    ("code", "fails_server", "fails_client"),
    [
        (grpc.StatusCode.OK, False, False),
        # The caller's fault. The server has done its work.
        (grpc.StatusCode.INVALID_ARGUMENT, False, True),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, False, True),
        (grpc.StatusCode.INTERNAL, True, True),
        (grpc.StatusCode.UNAVAILABLE, True, True),
    ],
)
def test_which_codes_are_errors(
    collector: Collector, code: grpc.StatusCode, *, fails_server: bool, fails_client: bool
) -> None:
    tracing = Tracing("orc1", collector.endpoint)
    call = make_call()
    tracing.of_calls.started(call)
    tracing.of_calls.finished(call, finished(code))
    upstream_call = UpstreamCall(UPSTREAM_METHOD, 0.0, 1.0, "id", ())
    tracing.of_upstream_calls.started(upstream_call)
    tracing.of_upstream_calls.finished(upstream_call, code, 0.1)
    tracing.close()
    failed = {span.kind: span.failed for span in collector.spans}
    assert failed == {2: fails_server, 3: fails_client}


def test_spans_that_nobody_takes_are_lost_with_a_warning(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("rpc.telemetry.tracing.FLUSH_SECONDS", 0.05)
    monkeypatch.setattr("rpc.telemetry.tracing.STOP_SECONDS", LIMIT_SECONDS)
    before = set(threading.enumerate())
    with reserved_address() as nobody:
        tracing = Tracing("orc1", f"http://{nobody}")
        call = make_call()
        tracing.of_calls.started(call)
        tracing.of_calls.finished(call, finished(grpc.StatusCode.OK))
        tracing.close()
    assert any("the last spans are lost" in record.getMessage() for record in caplog.records)
    assert set(threading.enumerate()) <= before
