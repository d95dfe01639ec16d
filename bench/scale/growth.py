"""How the cost of a step grows with the number of services."""

from collections.abc import Mapping
from itertools import pairwise

from bench.scale.bazel import Step

Sizes = Mapping[int, Mapping[str, Step]]
"""The steps for each number of services, from the smallest."""


def per_service(sizes: Sizes, step: str) -> list[float]:
    """Milliseconds for each further service, between each size and the next."""
    numbers = list(sizes)
    return [
        1000 * (sizes[more][step].seconds - sizes[less][step].seconds) / (more - less)
        for less, more in pairwise(numbers)
    ]


def table(sizes: Sizes) -> list[list[str]]:
    """Seconds and processes of each step, and its growth, header first."""
    numbers = list(sizes)
    growth = [f"ms a service, {a} to {b}" for a, b in pairwise(numbers)]
    header = ["step", *(f"{number} services" for number in numbers), *growth]
    return [header, *(_row(sizes, step) for step in sizes[numbers[0]])]


def _row(sizes: Sizes, step: str) -> list[str]:
    costs = [_cost(steps[step]) for steps in sizes.values()]
    return [step, *costs, *(f"{value:.1f}" for value in per_service(sizes, step))]


def _cost(step: Step) -> str:
    processes = f", {step.processes} processes" if step.processes else ""
    return f"{step.seconds:.1f} s{processes}"
