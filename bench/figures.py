"""Figures of many rounds: percentiles, medians with their range, ratios."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

PERCENTILES = (50.0, 90.0, 99.0, 99.9)


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure over several rounds.

    Attributes:
        median: of the rounds.
        least: the smallest round.
        most: the largest round.
    """

    median: float
    least: float
    most: float


def figure(rounds: Sequence[float]) -> Figure:
    """Sums the rounds up.

    Raises:
        ValueError: there are none.
    """
    if not rounds:
        raise ValueError("no rounds")
    return Figure(statistics.median(rounds), min(rounds), max(rounds))


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> Figure:
    """Ours over theirs, round by round: what slows the machine in a round slows both."""
    return figure([mine / other for mine, other in zip(ours, theirs, strict=True)])


def percentile(ordered: Sequence[float], percent: float) -> float:
    """The smallest value that at least `percent` of the values do not exceed.

    Args:
        ordered: the values, sorted.
        percent: above 0, at most 100.

    Raises:
        ValueError: there are no values.
    """
    if not ordered:
        raise ValueError("no values")
    return ordered[max(math.ceil(len(ordered) * percent / 100), 1) - 1]


def percentiles(ordered: Sequence[float]) -> dict[str, float]:
    """The usual percentiles by their names, as in `p99.9`."""
    return {f"p{percent:g}": percentile(ordered, percent) for percent in PERCENTILES}


def busy(in_flight: Sequence[int]) -> int:
    """The load for CPU time: the last but one, where the chain is busy."""
    return in_flight[max(len(in_flight) - 2, 0)]
