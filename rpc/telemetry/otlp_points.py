"""Prometheus' metrics as OpenTelemetry's, so both come of the same instruments.

Names and labels stay. The unit is taken from the name's end. What Prometheus alone has, such as a
state set, is a gauge.
https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/ has the rules.
"""

import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from time import time
from typing import Any

from rpc.telemetry.log_pace import LogPace

from opentelemetry.sdk.metrics import Exemplar
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Gauge,
    Histogram,
    HistogramDataPoint,
    Metric,
    NumberDataPoint,
    Sum,
)
from prometheus_client import Metric as Family
from prometheus_client.samples import Sample

_logger = logging.getLogger(__name__)
_pace = LogPace()

_CUMULATIVE = AggregationTemporality.CUMULATIVE
_UNITS = {"seconds": "s", "bytes": "By", "ratio": "1"}
_IDS = re.compile("[0-9a-f]{32}-[0-9a-f]{16}", re.IGNORECASE)
_Labels = tuple[tuple[str, str], ...]


def otlp_metrics(families: Iterable[Family]) -> Iterator[Metric]:
    """The same metrics. Those without a sample are left out, and so are unusable ones."""
    now = _nanoseconds(time())
    for family in families:
        if not family.samples:
            continue
        try:
            data = _data(family, now)
        except (ArithmeticError, LookupError, TypeError, ValueError) as error:
            # An application's own. All others are sent.
            if times := _pace.count():
                _logger.warning("%s is not sent: %r, times=%d", family.name, error, times)
            continue
        unit = _UNITS.get(family.name.rpartition("_")[2], "")
        yield Metric(family.name, family.documentation, unit, data)


def _data(family: Family, now: int) -> Sum | Gauge | Histogram:
    if family.type == "counter":
        totals = [sample for sample in family.samples if sample.name.endswith("_total")]
        begun = _created(family)
        points = [_number(sample, begun.get(_labels(sample), 0), now) for sample in totals]
        return Sum(points, _CUMULATIVE, is_monotonic=True)
    if family.type in {"histogram", "summary"}:
        return Histogram(list(_histograms(family, now)), _CUMULATIVE)
    return Gauge([_number(sample, 0, now) for sample in family.samples])


def _number(sample: Sample, begun: int, now: int) -> NumberDataPoint:
    value = float(sample.value)
    return NumberDataPoint(dict(sample.labels), begun, now, value, _exemplars([sample]))


def _histograms(family: Family, now: int) -> Iterator[HistogramDataPoint]:
    begun = _created(family)
    series: dict[_Labels, list[Sample]] = {}
    for sample in family.samples:
        series.setdefault(_labels(sample), []).append(sample)
    for labels, samples in series.items():
        buckets = [sample for sample in samples if sample.name.endswith("_bucket")]
        by_name = {sample.name.removeprefix(family.name): sample.value for sample in samples}
        counts = [int(bucket.value) for bucket in buckets] or [int(by_name["_count"])]
        # Prometheus counts in each bucket what is in the smaller ones, too.
        in_each = [count - before for before, count in zip([0, *counts], counts, strict=False)]
        if min(in_each) < 0:
            raise ValueError("a bucket has less in it than a smaller one")
        no_extreme: Any = None  # nobody keeps them, and OTLP does not ask for them
        yield HistogramDataPoint(
            attributes=dict(labels),
            start_time_unix_nano=begun.get(labels, 0),
            time_unix_nano=now,
            count=counts[-1],
            sum=by_name.get("_sum", 0.0),
            bucket_counts=in_each,
            explicit_bounds=[float(bucket.labels["le"]) for bucket in buckets[:-1]],
            min=no_extreme,
            max=no_extreme,
            exemplars=_exemplars(buckets),
        )


def _created(family: Family) -> dict[_Labels, int]:
    """When each series has begun, in nanoseconds of the epoch."""
    samples = [sample for sample in family.samples if sample.name.endswith("_created")]
    return {_labels(sample): _nanoseconds(sample.value) for sample in samples}


def _labels(sample: Sample) -> _Labels:
    return tuple(item for item in sample.labels.items() if item[0] not in {"le", "quantile"})


def _exemplars(samples: Iterable[Sample]) -> list[Exemplar]:
    return [
        Exemplar(
            {},
            sample.exemplar.value,
            _nanoseconds(float(sample.exemplar.timestamp or time())),
            int(sample.exemplar.labels["span_id"], 16),
            int(sample.exemplar.labels["trace_id"], 16),
        )
        for sample in samples
        if sample.exemplar is not None and _has_ids(sample.exemplar.labels)
    ]


def _has_ids(labels: Mapping[str, str]) -> bool:
    """Whether an exemplar names a span. An application's may have other ids."""
    ids = f"{labels.get('trace_id', '')}-{labels.get('span_id', '')}"
    return _IDS.fullmatch(ids) is not None


def _nanoseconds(seconds: float) -> int:
    return int(seconds * 1e9)
