"""How long a rolling restart takes in Kubernetes."""

import math

# What deploy/kubernetes says of a restart, in seconds: from a pod's creation to its readiness, of
# readiness until it counts, and for an old pod to end.
_START = 5.0
_MIN_READY = 10.0
_DRAIN = 10.0


def seconds(replicas: int, surge: int) -> float:
    """How long a restart of all replicas takes, with `maxUnavailable: 0`.

    Args:
        replicas: their number.
        surge: pods allowed besides. An ending one is not counted, so as many begin in each step.
    """
    return math.ceil(replicas / surge) * (_START + _MIN_READY) + _DRAIN


def surge(replicas: int, share: float) -> int:
    """`maxSurge` as a share, rounded up as Kubernetes does."""
    return math.ceil(replicas * share)
