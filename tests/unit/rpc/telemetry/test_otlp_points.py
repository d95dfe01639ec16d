"""Prometheus' metrics in OpenTelemetry's form: the same values."""

from collections.abc import Iterable
from typing import Any

from rpc.telemetry.otlp_points import otlp_metrics

import pytest
from opentelemetry.sdk.metrics.export import Gauge as OtlpGauge
from opentelemetry.sdk.metrics.export import Histogram as OtlpHistogram
from opentelemetry.sdk.metrics.export import Metric, Sum
from prometheus_client import CollectorRegistry, Counter, Enum, Gauge, Histogram, Info, Summary
from prometheus_client import Metric as Family
from prometheus_client.metrics_core import GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

TRACE_ID, SPAN_ID = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


def only(registry: CollectorRegistry) -> Metric:
    (metric,) = otlp_metrics(registry.collect())
    return metric


def points(metric: Metric) -> list[Any]:
    return list(metric.data.data_points)


def test_a_counter_is_a_sum_that_only_grows() -> None:
    registry = CollectorRegistry()
    counter = Counter("sent_bytes", "Sent.", ["to"], registry=registry)
    counter.labels("a").inc(2)
    counter.labels("b").inc(3)
    metric = only(registry)
    assert (metric.name, metric.description, metric.unit) == ("sent_bytes", "Sent.", "By")
    assert isinstance(metric.data, Sum)
    assert metric.data.is_monotonic
    assert [(point.attributes, point.value) for point in points(metric)] == [
        ({"to": "a"}, 2),
        ({"to": "b"}, 3),
    ]
    assert all(0 < point.start_time_unix_nano < point.time_unix_nano for point in points(metric))


def test_a_gauge_is_a_gauge() -> None:
    registry = CollectorRegistry()
    Gauge("room", "Left.", registry=registry).set(-1.5)
    metric = only(registry)
    assert isinstance(metric.data, OtlpGauge)
    assert [point.value for point in points(metric)] == [-1.5]


def test_a_histograms_buckets_count_each_value_once() -> None:
    registry = CollectorRegistry()
    histogram = Histogram("took_seconds", "Time.", ["of"], buckets=(1, 2, 5), registry=registry)
    for value in (0.5, 1.5, 1.7, 9.0):
        histogram.labels("a").observe(value)
    histogram.labels("b").observe(3)
    metric = only(registry)
    assert metric.unit == "s"
    assert isinstance(metric.data, OtlpHistogram)
    a, b = points(metric)
    assert (a.attributes, a.count, a.sum) == ({"of": "a"}, 4, 12.7)
    assert (a.explicit_bounds, a.bucket_counts) == ([1, 2, 5], [1, 2, 0, 1])
    assert (b.attributes, b.bucket_counts) == ({"of": "b"}, [0, 0, 1, 0])


def test_an_exemplar_goes_along() -> None:
    registry = CollectorRegistry()
    histogram = Histogram("took_seconds", "Time.", buckets=(1,), registry=registry)
    histogram.observe(0.5, {"trace_id": TRACE_ID, "span_id": SPAN_ID})
    histogram.observe(2, {"order": "of the application's own"})
    ((exemplar,),) = (point.exemplars for point in points(only(registry)))
    assert (exemplar.value, exemplar.trace_id) == (0.5, int(TRACE_ID, 16))
    assert exemplar.span_id == int(SPAN_ID, 16)


def test_a_summary_has_its_count_and_sum() -> None:
    registry = CollectorRegistry()
    Summary("took_seconds", "Time.", registry=registry).observe(2)
    (point,) = points(only(registry))
    assert (point.count, point.sum, point.bucket_counts) == (1, 2, [1])


def test_what_prometheus_alone_has_is_a_gauge() -> None:
    registry = CollectorRegistry()
    Info("build", "What it is.", registry=registry).info({"version": "1"})
    Enum("state", "How it is.", states=["up", "down"], registry=registry)
    build, state = otlp_metrics(registry.collect())
    assert [(point.attributes, point.value) for point in points(build)] == [({"version": "1"}, 1)]
    assert [point.value for point in points(state)] == [1, 0]


def test_a_metric_without_samples_is_left_out() -> None:
    registry = CollectorRegistry()
    Counter("sent", "Sent.", ["to"], registry=registry)
    assert list(otlp_metrics(registry.collect())) == []


class Given(Collector):
    """Gives metrics as they are, like a collector of an application."""

    def __init__(self, *families: Family) -> None:
        self._families = families

    def collect(self) -> Iterable[Family]:
        return self._families


def histogram_of(*buckets: tuple[str, float]) -> Family:
    return HistogramMetricFamily("odd_seconds", "Odd.", buckets=buckets, sum_value=1.0)


def summary_without_a_count() -> Family:
    family = Family("odd_seconds", "Odd.", "summary")
    family.add_sample("odd_seconds", {"quantile": "0.5"}, 1.0)
    return family


@pytest.mark.parametrize(
    "odd",
    [
        summary_without_a_count(),
        histogram_of(("1", float("nan")), ("+Inf", 1)),
        histogram_of(("1", 2), ("+Inf", 1)),
        GaugeMetricFamily("odd_seconds", "Odd.", value="soon"),  # type: ignore[arg-type]
    ],
)
def test_a_metric_that_cannot_be_sent_keeps_no_other(odd: Family) -> None:
    registry = CollectorRegistry()
    registry.register(Given(odd, GaugeMetricFamily("room", "Left.", value=2)))
    assert only(registry).name == "room"


@pytest.mark.parametrize("trace_id", ["0af76519-16cd-43dd-8448-eb211c80319c", "", "f" * 33])
def test_an_exemplar_with_ids_of_another_kind_is_left_out(trace_id: str) -> None:
    registry = CollectorRegistry()
    counter = Counter("sent_bytes", "Sent.", registry=registry)
    counter.inc(1, {"trace_id": trace_id, "span_id": SPAN_ID})
    assert points(only(registry))[0].exemplars == []
