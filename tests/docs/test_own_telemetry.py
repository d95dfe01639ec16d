"""The servicer of docs/interceptors.md has its telemetry as documented there."""

import asyncio
from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from opentelemetry import trace
from opentelemetry.util._once import Once

from docs.own_telemetry import SERVICE, TRACER
from proto import user_pb2, user_pb2_grpc
from services.mock_data import mock_data
from testing.collector import SENT_AT_ONCE, Collector, collecting
from testing.in_process import serving
from testing.metrics import metric
from testing.waiting import LIMIT_SECONDS

SERVER, CLIENT = 2, 3
BAGGAGE = (("baggage", "tenant=blue"),)


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    # A process has one provider. Each test here stands for a process.
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", None)
    monkeypatch.setattr(trace, "_TRACER_PROVIDER_SET_ONCE", Once())
    monkeypatch.setattr(TRACER, "_real_tracer", None)
    for name, value in SENT_AT_ONCE.items():
        monkeypatch.setenv(name, value)
    with collecting() as collector:
        yield collector


@pytest.mark.parametrize("transport", ["grpcio", "wire"])
async def test_its_spans_and_its_counter_are_there(transport: str, collector: Collector) -> None:
    async with serving(mock_data.SERVICE, transport=transport, delay=0.0) as last:
        options: dict[str, Any] = {
            "otlp_endpoint": collector.endpoint,
            "metrics_address": "127.0.0.1:0",
        }
        users = serving(SERVICE, transport=transport, upstream=last.address, **options)
        async with users as server, grpc.aio.insecure_channel(server.address) as channel:
            before = await asyncio.to_thread(metric, server, "users_asked_total")
            stub = user_pb2_grpc.Orchestrator2ServiceStub(channel)
            user = user_pb2.User(name="krithik")
            await stub.GetUser(user, timeout=LIMIT_SECONDS, metadata=BAGGAGE)
            after = await asyncio.to_thread(metric, server, "users_asked_total")
            spans = await asyncio.to_thread(collector.wait_for_spans, 3)
    assert after - before == 1
    (call,) = (span for span in spans if span.kind == SERVER)
    (own,) = (span for span in spans if span.name == "ask for the user")
    (sent,) = (span for span in spans if span.kind == CLIENT)
    assert (own.parent_id, sent.parent_id) == (call.span_id, own.span_id)
    assert sent.attributes["server.port"] == int(last.address.rpartition(":")[2])
    assert own.attributes == {"app.tenant": "blue"}
