"""The table of a run, as text."""

from collections.abc import Callable, Mapping, Sequence

from bench.figures import Figure, busy, figure, ratio
from bench.measurement import Round
from bench.servers import ROLES

Rounds = Mapping[str, Sequence[Round]]
"""The rounds of each contender by its name, ours first."""

Pick = Callable[[Round], float]


def rows(in_flight: Sequence[int]) -> dict[str, Pick]:
    """What is reported of a round, by the table's words for it.

    Args:
        in_flight: the closed loops run.
    """
    picks: dict[str, Pick] = {}
    for number in in_flight:
        picks[f"calls/s, {number} in flight"] = _rate(number)
    picks["peak calls/s"] = lambda one: max(point.rate for point in one.points.values())
    picks["fall from peak at most in flight, %"] = _fall
    picks["p50 ms, 1 in flight"] = lambda one: one.points[in_flight[0]].latency["p50"]
    for name in ("p50", "p90", "p99", "p99.9"):
        picks[f"{name} ms, open loop"] = _open_latency(name)
    picks[f"p99 ms, {busy(in_flight)} in flight"] = _closed_latency(busy(in_flight))
    for role in ROLES:
        picks[f"{role}: CPU µs a call"] = _cpu(busy(in_flight), role)
    picks["orc2: CPU µs a call, open loop"] = lambda one: one.open.cpu["orc2"]
    picks["CPU µs a call, all hops"] = lambda one: sum(one.points[busy(in_flight)].cpu.values())
    picks["memory MiB, orc1"] = lambda one: one.memory["orc1"]
    picks["start-up s, orc1"] = lambda one: one.startup["orc1"]
    return picks


def _rate(in_flight: int) -> Pick:
    return lambda one: one.points[in_flight].rate


def _fall(one: Round) -> float:
    most = one.points[max(one.points)].rate
    return 100 * (1 - most / max(point.rate for point in one.points.values()))


def _closed_latency(in_flight: int) -> Pick:
    return lambda one: one.points[in_flight].latency["p99"]


def _open_latency(name: str) -> Pick:
    return lambda one: one.open.latency[name]


def _cpu(in_flight: int, role: str) -> Pick:
    return lambda one: one.points[in_flight].cpu[role]


def table(rounds: Rounds, in_flight: Sequence[int]) -> list[list[str]]:
    """Median and range of each row for each contender, header first."""
    lines = [["", *rounds]]
    for name, pick in rows(in_flight).items():
        cells = [with_range(figure([pick(one) for one in of])) for of in rounds.values()]
        lines.append([name, *cells])
    return lines


def ratios(rounds: Rounds, in_flight: Sequence[int], title: str = "ours over") -> list[list[str]]:
    """The first one's over each other's, round by round, header first, with the title in it."""
    ours, *peers = rounds
    lines = [[title, *peers]]
    for name, pick in rows(in_flight).items():
        if name.startswith("fall"):
            continue
        mine = [pick(one) for one in rounds[ours]]
        cells = [with_range(ratio(mine, [pick(one) for one in rounds[peer]])) for peer in peers]
        lines.append([name, *cells])
    return lines


def with_range(value: Figure) -> str:
    """A median and its range, as in `1.03 (0.88 to 1.18)`."""
    median, least, most = (_number(one) for one in (value.median, value.least, value.most))
    return f"{median} ({least} to {most})"


def _number(value: float) -> str:
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2  # noqa: PLR2004
    return f"{value:.{digits}f}"
