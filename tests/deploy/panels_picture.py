"""The dashboard's panels as a picture, drawn from what Prometheus answers."""

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from matplotlib.axes import Axes as Plot

from bench.plots import Axes, as_svg, drawing, labelled
from tests.deploy.observability import DashboardPanel

Series = list[dict[str, Any]]
"""What `query_range` answers: for each series its labels (`metric`) and its `values`."""

_COLUMNS = 3
_INCHES = (5.0, 2.8)
_NAMES_SHOWN = 6
_UNITS = {
    "reqps": "calls/s",
    "ops": "1/s",
    "s": "seconds",
    "bytes": "MiB",
    "percentunit": "%",
    "short": "",
}
_FACTORS = {"bytes": 1 / 2**20, "percentunit": 100.0}


def picture(found: Sequence[tuple[DashboardPanel, list[Series]]], start: float) -> str:
    """The picture as SVG.

    Args:
        found: each panel, with what is found by each of its queries.
        start: the time, in seconds of the epoch, at which the axes across begin.
    """
    rows = -(-len(found) // _COLUMNS)
    with drawing((_COLUMNS * _INCHES[0], rows * _INCHES[1])) as figure:
        for number, (panel, answers) in enumerate(found):
            unit = "seconds" if panel.kind == "heatmap" else _UNITS[panel.unit]
            axes = Axes(panel.title, "", unit, "y" if panel.kind == "heatmap" else "")
            plot = labelled(figure.add_subplot(rows, _COLUMNS, number + 1), axes)
            if panel.kind == "heatmap":
                _heat_map(plot, answers[0], start)
            else:
                _lines(plot, panel, answers, start)
        return as_svg(figure)


def _lines(plot: Plot, panel: DashboardPanel, answers: list[Series], start: float) -> None:
    factor = _FACTORS.get(panel.unit, 1.0)
    for query, series in zip(panel.queries, answers, strict=True):
        for one in series:
            points = [(at - start, float(value) * factor) for at, value in one["values"]]
            name = legend(query.legend, one["metric"])
            plot.plot(*zip(*points, strict=True), label=name, linewidth=1)
    handles, names = plot.get_legend_handles_labels()
    plot.legend(handles[:_NAMES_SHOWN], names[:_NAMES_SHOWN], fontsize=6, loc="upper left")


def _heat_map(plot: Plot, series: Series, start: float) -> None:
    bounded = [one for one in series if one["metric"]["le"] != "+Inf"]
    bounded.sort(key=lambda one: float(one["metric"]["le"]))
    counts = [[float(value) for _, value in one["values"]] for one in bounded]
    # A bucket of Prometheus' has all that is smaller, too.
    own = [counts[0]] + [
        [upper - lower for upper, lower in zip(more, less, strict=True)]
        for less, more in pairwise(counts)
    ]
    across = [at - start for at, _ in bounded[0]["values"]]
    bounds = [float(one["metric"]["le"]) for one in bounded]
    levels = [0.0, *sorted({value for line in own for value in line if value > 0}), 1.0]
    plot.contourf(across, bounds, own, levels=_quantiles(levels), cmap="Oranges", extend="max")
    plot.set_ylim(1e-3, 1.0)


def _quantiles(levels: list[float], count: int = 12) -> list[float]:
    ordered = sorted(set(levels))
    step = max(len(ordered) // count, 1)
    return ordered[::step]


def legend(pattern: str, labels: Mapping[str, str]) -> str:
    """A series' name, as Grafana makes it of a pattern and the series' labels."""
    return re.sub(r"{{(\w+)}}", lambda found: labels.get(found[1], ""), pattern)
