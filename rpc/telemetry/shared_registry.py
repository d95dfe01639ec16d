"""The one served registry: this runtime's metrics, and an application's own."""

import copy
import logging
from collections.abc import Iterable, Iterator

from rpc.telemetry.log_pace import LogPace

from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import RestrictedRegistry

_logger = logging.getLogger(__name__)


class SharedRegistry(CollectorRegistry):
    """Holds this runtime's metrics, and shows those of `prometheus_client.REGISTRY` as well.

    The latter has the process's metrics, and an application's by default. A process may
    have several servers, each with metrics of its own, so theirs cannot be there too.
    """

    def __init__(self) -> None:
        super().__init__()
        self._pace = LogPace()

    def collect(self) -> Iterator[Metric]:
        """All metrics. What an application has under a name of ours is left out."""
        seen = set()
        for family in super().collect():
            seen.add(family.name)
            yield family
        for family in self._applications():
            if family.name not in seen:
                seen.add(family.name)
                yield family

    def _applications(self) -> Iterator[Metric]:
        try:
            for family in REGISTRY.collect():
                if self._can_be_shown(family):
                    yield family
        except Exception:
            if times := self._pace.count():
                _logger.exception("metrics of the application are left out, times=%d", times)

    def _can_be_shown(self, family: Metric) -> bool:
        """Whether values are numbers, and labels text. Else no other family would be shown."""
        try:
            for sample in family.samples:
                float(sample.value)
                "".join(sample.labels.values()).encode()
        except (OverflowError, TypeError, ValueError) as error:
            if times := self._pace.count():
                _logger.warning("%s is left out: %r, times=%d", family.name, error, times)
            return False
        return True

    def restricted_registry(self, names: Iterable[str]) -> RestrictedRegistry:
        """What a query for some names shows, as in `/metrics?name[]=…`."""
        return _Restricted(set(names), self)


class _Restricted(RestrictedRegistry):
    def __init__(self, names: set[str], registry: SharedRegistry) -> None:
        super().__init__(names, registry)
        self._names = names
        self._all = registry

    def collect(self) -> Iterator[Metric]:
        for family in self._all.collect():
            samples = [sample for sample in family.samples if sample.name in self._names]
            if samples:
                shown = copy.copy(family)
                shown.samples = samples
                yield shown
