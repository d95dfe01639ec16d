"""Spans: their call and parent, sent to the collector when the server stops."""

import inspect
import re
import threading
from collections.abc import Iterator
from unittest.mock import Mock

from rpc.core.call import UpstreamCall
from rpc.core.outcome import Outcome
from rpc.core.trace_context import read_trace_context
from rpc.telemetry.tracing import Tracing

import grpc
import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st
from opentelemetry.baggage import propagation
from opentelemetry.context import Context
from opentelemetry.propagate import extract
from opentelemetry.semconv._incubating.attributes import rpc_attributes
from opentelemetry.semconv.schemas import Schemas
from opentelemetry.trace import span as span_module

from testing.addresses import reserved_address
from testing.collector import Collector, collecting
from testing.waiting import LIMIT_SECONDS
from tests.support.calls import make_call

TRACE_ID, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
SAMPLED = (("traceparent", f"00-{TRACE_ID}-{PARENT}-01"), ("tracestate", "vendor=1"))
NOT_SAMPLED = (("traceparent", f"00-{TRACE_ID}-{PARENT}-00"),)
UPSTREAM_METHOD = "/user.Orchestrator2Service/GetUser"


BLANKS = st.sampled_from(["", " ", "\t "])
KEYS = st.text("aZ09!#$%&'*+-.^_`|~", min_size=1, max_size=5)
VALUES = st.text("aZ09!#%+-./:<=>?@[]_{}~()", max_size=5)


@st.composite
def baggage_members(draw: st.DrawFn) -> str:
    """A member of a baggage list, by W3C's grammar, with optional blanks."""

    def pair() -> str:
        return (
            f"{draw(BLANKS)}{draw(KEYS)}{draw(BLANKS)}={draw(BLANKS)}{draw(VALUES)}{draw(BLANKS)}"
        )

    return ";".join(pair() for _ in range(draw(st.integers(1, 3))))


# Otherwise a caller could cause a line of the log with each call, or more.
@seed(15)
@settings(max_examples=300, database=None, deadline=None)
@given(st.lists(baggage_members(), min_size=1, max_size=4).map(",".join))
def test_baggage_that_is_taken_makes_the_sdk_complain_of_nothing(baggage: str) -> None:
    context = read_trace_context({"baggage": baggage})
    with pytest.MonkeyPatch.context() as patch:
        complaints: list[object] = []
        patch.setattr(propagation, "_logger", Mock(warning=lambda *said: complaints.append(said)))
        extract(dict(context), context=Context())
    assert [key for key, _ in context] == ["baggage"]
    assert complaints == []


STATE_KEYS = st.text("az09_*/-@ ", min_size=1, max_size=4)
STATE_VALUES = st.text("aZ09 ;=~", max_size=3)


@st.composite
def state_members(draw: st.DrawFn) -> str:
    """Something like a member of a list of states."""
    return f"{draw(BLANKS)}{draw(STATE_KEYS)}={draw(STATE_VALUES)}{draw(BLANKS)}"


@seed(15)
@settings(max_examples=300, database=None, deadline=None)
@given(st.lists(state_members(), min_size=1, max_size=40).map(",".join))
def test_no_state_makes_the_sdk_complain(state: str) -> None:
    context = read_trace_context({"traceparent": SAMPLED[0][1], "tracestate": state})
    with pytest.MonkeyPatch.context() as patch:
        complaints: list[object] = []
        patch.setattr(span_module, "_logger", Mock(warning=lambda *said: complaints.append(said)))
        extract(dict(context), context=Context())
    assert complaints == []


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
        "rpc.system.name": "grpc",
        "rpc.method": "user.Orchestrator1Service/GetUserByName",
        "rpc.response.status_code": "OK",
    }


def test_no_attribute_is_one_that_the_conventions_deprecate(collector: Collector) -> None:
    tracing = Tracing("orc1", collector.endpoint)
    for call in (make_call(), make_call(known=False)):
        tracing.of_calls.started(call)
        tracing.of_calls.finished(call, finished(grpc.StatusCode.INTERNAL))
    upstream_call = UpstreamCall(UPSTREAM_METHOD, 0.0, 1.0, "id", ())
    tracing.of_upstream_calls.started(upstream_call)
    tracing.of_upstream_calls.finished(upstream_call, grpc.StatusCode.INTERNAL, 0.1)
    tracing.close()
    used = {name for span in collector.spans for name in span.attributes}
    deprecated = set(re.findall(r'= "(.+)"\n"""\nDeprecated', inspect.getsource(rpc_attributes)))
    assert "rpc.system" in deprecated
    assert used & deprecated == set()
    # The newest known to the package.
    assert {span.schema_url for span in collector.spans} == {list(Schemas)[-1].value}


def test_a_method_that_is_unknown_names_no_span(collector: Collector) -> None:
    tracing = Tracing("orc1", collector.endpoint)
    call = make_call(known=False)
    tracing.of_calls.started(call)
    tracing.of_calls.finished(call, finished(grpc.StatusCode.UNIMPLEMENTED))
    tracing.close()
    (span,) = collector.spans
    assert (span.name, span.attributes["rpc.method"]) == ("grpc", "_OTHER")
    assert span.attributes["rpc.method_original"] == "user.Orchestrator1Service/GetUserByName"
    assert span.attributes["error.type"] == "UNIMPLEMENTED"


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
    # The flags at the end: sampled, and perhaps a random id.
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


def test_the_upstream_gets_the_span_of_the_call_to_it(collector: Collector) -> None:
    tracing = Tracing("orc1", collector.endpoint)
    call = UpstreamCall(UPSTREAM_METHOD, 0.0, 1.0, "id", SAMPLED)
    tracing.of_upstream_calls.started(call)
    tracing.of_upstream_calls.finished(call, grpc.StatusCode.OK, 0.1)
    tracing.close()
    (span,) = collector.spans
    assert (span.kind, span.parent_id) == (3, PARENT)
    assert call.outgoing_metadata()[1] == ("traceparent", f"00-{TRACE_ID}-{span.span_id}-01")


@pytest.mark.parametrize(
    ("target", "server"),
    [
        ("dns:///orc2.example:9001", {"server.address": "orc2.example", "server.port": 9001}),
        ("[::1]:9001", {"server.address": "::1", "server.port": 9001}),
        ("unix:/run/orc2", {"server.address": "/run/orc2"}),
        ("ipv4:10.0.0.1:9001,10.0.0.2:9001", {}),
        ("", {}),
    ],
)
def test_the_span_of_an_upstream_has_its_address(
    collector: Collector, target: str, server: dict[str, object]
) -> None:
    tracing = Tracing("orc1", collector.endpoint)
    call = UpstreamCall(UPSTREAM_METHOD, 0.0, 1.0, "id", (), target=target)
    tracing.of_upstream_calls.started(call)
    tracing.of_upstream_calls.finished(call, grpc.StatusCode.OK, 0.1)
    tracing.close()
    (span,) = collector.spans
    found = {name: value for name, value in span.attributes.items() if name.startswith("server.")}
    assert found == server


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
    monkeypatch.setattr("rpc.telemetry.otel_pipeline.FLUSH_SECONDS", 0.05)
    monkeypatch.setattr("rpc.telemetry.otel_pipeline.STOP_SECONDS", LIMIT_SECONDS)
    before = set(threading.enumerate())
    with reserved_address() as nobody:
        tracing = Tracing("orc1", f"http://{nobody}")
        call = make_call()
        tracing.of_calls.started(call)
        tracing.of_calls.finished(call, finished(grpc.StatusCode.OK))
        tracing.close()
    assert any("the last spans are lost" in record.getMessage() for record in caplog.records)
    assert set(threading.enumerate()) <= before
