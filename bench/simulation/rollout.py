"""How long a rolling restart takes in Kubernetes."""

import heapq
import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollout:
    """What deploy/kubernetes says of a restart, in seconds.

    Attributes:
        start: from a pod's creation to its readiness.
        min_ready: of readiness, until it counts.
        drain: for an old pod to end.
    """

    start: float = 5.0
    min_ready: float = 10.0
    drain: float = 10.0

    def seconds(self, replicas: int, surge: int) -> float:
        """How long a restart of all replicas takes, with `maxUnavailable: 0`.

        Args:
            replicas: their number.
            surge: pods allowed besides. An ending one is not counted.
        """
        free = [0.0] * surge
        last = 0.0
        for _ in range(replicas):
            last = heapq.heappop(free) + self.start + self.min_ready
            # An old one is told to end as soon as a new one counts, and so makes room.
            heapq.heappush(free, last)
        return last + self.drain


def surge(replicas: int, share: float) -> int:
    """`maxSurge` as a share, rounded up as Kubernetes does."""
    return math.ceil(replicas * share)
