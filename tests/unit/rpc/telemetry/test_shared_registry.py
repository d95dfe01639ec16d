"""One registry shows the runtime's metrics and the application's."""

from collections.abc import Iterator
from typing import Any

from rpc.telemetry.shared_registry import SharedRegistry

import pytest
from prometheus_client import REGISTRY, Counter, Gauge, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector, CollectorRegistry


@pytest.fixture
def application() -> Iterator[Counter]:
    counter = Counter("orders", "An application's own.")
    yield counter
    REGISTRY.unregister(counter)


@pytest.fixture
def registry() -> SharedRegistry:
    registry = SharedRegistry()
    Gauge("ours", "Of the runtime.", registry=registry).set(1)
    return registry


def names(registry: CollectorRegistry, *only: str) -> list[str]:
    shown = registry.restricted_registry(only) if only else registry
    families = text_string_to_metric_families(generate_latest(shown).decode())
    return [sample.name for family in families for sample in family.samples]


def test_an_applications_metrics_are_there(application: Counter, registry: SharedRegistry) -> None:
    application.inc()
    assert registry.get_sample_value("orders_total") == 1
    assert registry.get_sample_value("ours") == 1


def test_the_process_is_there_once(registry: SharedRegistry) -> None:
    assert names(registry).count("process_resident_memory_bytes") == 1


def test_a_name_of_ours_stays_ours(registry: SharedRegistry) -> None:
    clash = Gauge("ours", "An application's own.")
    try:
        clash.set(2)
        assert registry.get_sample_value("ours") == 1
        assert names(registry).count("ours") == 1
    finally:
        REGISTRY.unregister(clash)


def test_a_query_for_names_shows_those_only(application: Counter, registry: SharedRegistry) -> None:
    assert names(registry, "orders_total") == ["orders_total"]
    assert names(registry, "ours", "orders_total") == ["ours", "orders_total"]


def test_a_collector_that_fails_hides_nothing_of_ours(
    registry: SharedRegistry, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(Collector):
        def describe(self) -> list[Metric]:
            return []

        def collect(self) -> Iterator[Metric]:
            raise RuntimeError("a mistake")

    broken = Broken()
    REGISTRY.register(broken)
    try:
        for _ in range(3):
            assert "ours" in names(registry)
    finally:
        REGISTRY.unregister(broken)
    (record,) = caplog.records
    assert record.getMessage() == "metrics of the application are left out, times=1"


@pytest.mark.parametrize(
    ("label", "value"),
    [("a", "soon"), ("a", object()), ("a", 10**400), (1, 1), ("\udcff", 1)],
)
def test_a_metric_that_cannot_be_shown_hides_no_other(
    application: Counter,
    registry: SharedRegistry,
    caplog: pytest.LogCaptureFixture,
    label: Any,
    value: Any,
) -> None:
    class Odd(Collector):
        def collect(self) -> Iterator[Metric]:
            odd = GaugeMetricFamily("odd", "Odd.", labels=["label"])
            odd.add_metric([label], value)
            yield odd
            yield GaugeMetricFamily("even", "Even.", value=2)

    application.inc()
    odd = Odd()
    REGISTRY.register(odd)
    try:
        shown = names(registry)
    finally:
        REGISTRY.unregister(odd)
    assert {"ours", "orders_total", "even"} <= set(shown)
    assert "odd" not in shown
    (record,) = caplog.records
    assert record.getMessage().startswith("odd is left out: ")
