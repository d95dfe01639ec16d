"""Plots as SVG, the same to the byte for the same data."""

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes as Panel
from matplotlib.figure import Figure as Drawing

from bench.figures import Figure

COLOURS = ("#0b6e4f", "#d1495b", "#30638e", "#edae49", "#6c4ab6", "#555555")

_STYLE: Any = {
    "axes.axisbelow": True,
    "axes.edgecolor": "#999999",
    "axes.grid": True,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": "medium",
    "figure.constrained_layout.use": True,
    "font.size": 9,
    "grid.color": "#dddddd",
    "legend.frameon": False,
    # Letters stay letters, and no name in the file is random.
    "svg.fonttype": "none",
    "svg.hashsalt": "bench",
}
_INCHES = (7.2, 4.0)


@dataclass(frozen=True, slots=True)
class Axes:
    """What a plot says beside its data.

    Attributes:
        title: of the plot.
        x: what stands on the axis across, with its unit.
        y: what stands on the axis up.
        logarithmic: the logarithmic axes, as in `x` or `xy`.
    """

    title: str
    x: str
    y: str
    logarithmic: str = ""


@contextmanager
def drawing(inches: tuple[float, float] = _INCHES) -> Iterator[Drawing]:
    """A drawing to be filled, and made an SVG of, while the context is open."""
    with mpl.rc_context(_STYLE):
        yield Drawing(figsize=inches)


def as_svg(figure: Drawing) -> str:
    """The drawing as SVG. It may stand in a page of HTML too. Linear axes begin at 0."""
    for panel in figure.axes:
        if panel.get_yscale() == "linear":
            panel.set_ylim(bottom=0)
    text = io.StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    written = text.getvalue()
    # Before it stands what only a file of its own may begin with.
    lines = written[written.index("<svg") :].splitlines()
    return "\n".join(line.rstrip() for line in lines) + "\n"


def labelled(panel: Panel, axes: Axes) -> Panel:
    """Writes what a plot says beside its data, and gives its lines their colours."""
    panel.set_prop_cycle(color=COLOURS)
    panel.set_title(axes.title)
    panel.set_xlabel(axes.x)
    panel.set_ylabel(axes.y)
    if "x" in axes.logarithmic:
        panel.set_xscale("log")
    if "y" in axes.logarithmic:
        panel.set_yscale("log")
    return panel


def curves(axes: Axes, series: Mapping[str, Mapping[float, Figure]]) -> str:
    """Curves over a logarithmic axis: the medians as a line, the range of rounds as a band."""
    with drawing() as figure:
        panel = labelled(figure.add_subplot(), axes)
        for name, points in series.items():
            xs = sorted(points)
            panel.plot(xs, [points[x].median for x in xs], marker=".", label=name)
            panel.fill_between(
                xs, [points[x].least for x in xs], [points[x].most for x in xs], alpha=0.15
            )
        panel.set_xscale("log")
        marks = sorted({x for points in series.values() for x in points})
        panel.set_xticks(marks, [f"{x:g}" for x in marks])
        panel.minorticks_off()
        _legend(figure, len(series))
        return as_svg(figure)


def lines(axes: Axes, series: Mapping[str, Mapping[float, float]]) -> str:
    """A line for each name."""
    with drawing() as figure:
        panel = labelled(figure.add_subplot(), axes)
        for name, points in series.items():
            panel.plot(list(points), list(points.values()), label=name)
        _legend(figure, len(series))
        return as_svg(figure)


def stacks(axes: Axes, bars: Mapping[str, Mapping[str, float]]) -> str:
    """One bar for each name, made of its parts one upon the other."""
    with drawing() as figure:
        panel = labelled(figure.add_subplot(), axes)
        below = dict.fromkeys(bars, 0.0)
        for part in next(iter(bars.values())):
            values = [parts[part] for parts in bars.values()]
            drawn = panel.bar(list(bars), values, 0.5, list(below.values()), label=part)
            panel.bar_label(drawn, fmt="%.0f", label_type="center", color="white")
            below = {name: below[name] + bars[name][part] for name in bars}
        panel.grid(axis="x", visible=False)
        _legend(figure, len(bars))
        return as_svg(figure)


def _legend(figure: Drawing, names: int) -> None:
    figure.legend(loc="outside lower center", ncols=min(names, 3))
