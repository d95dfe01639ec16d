"""The dashboard's panels, drawn from Prometheus' responses: `./bazelw run //bench:panels`."""

import json
import os
import re
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import click
from matplotlib.axes import Axes

from bench.plots import drawing

Series = list[dict[str, Any]]
"""Responses of `query_range`: for each series its labels (`metric`) and its `values`."""

_COLUMNS = 2
_INCHES = (4.4, 2.8)
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


@click.command(name="panels")
@click.argument("responses", type=click.Path(path_type=Path))
@click.argument("picture", type=click.Path(path_type=Path))
def main(*, responses: Path, picture: Path) -> None:
    """Draw RESPONSES, the panels.json of //tests/deploy:test_prometheus, as the SVG PICTURE."""
    here = Path(os.environ.get("BUILD_WORKING_DIRECTORY", ""))
    try:
        found = json.loads((here / responses).read_text())
        draw(found["panels"], found["start"], here / picture)
    except (OSError, ValueError, KeyError) as error:
        raise click.ClickException(f"cannot draw {responses} as {picture}: {error!r}") from error


def draw(panels: list[dict[str, Any]], start: float, file: Path) -> None:
    """Writes the picture.

    Args:
        panels: each as the dashboard has it, with Prometheus' response to each of its queries.
        start: the time, in seconds of the epoch, at which the axes across begin.
        file: of the picture.
    """
    rows = -(-len(panels) // _COLUMNS)
    with drawing(file, (_COLUMNS * _INCHES[0], rows * _INCHES[1])) as figure:
        for number, panel in enumerate(panels, 1):
            plot = figure.add_subplot(rows, _COLUMNS, number, title=panel["title"])
            if panel["kind"] == "heatmap":
                _heat_map(plot, panel["responses"][0], start)
            else:
                _lines(plot, panel, start)


def _lines(plot: Axes, panel: dict[str, Any], start: float) -> None:
    factor = _FACTORS.get(panel["unit"], 1.0)
    for query, series in zip(panel["queries"], panel["responses"], strict=True):
        for one in series:
            times = [at - start for at, _ in one["values"]]
            values = [float(value) * factor for _, value in one["values"]]
            name = series_name(query["legend"], one["metric"])
            plot.plot(times, values, label=name, linewidth=1)
    plot.set_ylabel(_UNITS[panel["unit"]])
    plot.set_ylim(bottom=0)
    plot.locator_params(nbins=5)
    shown = plot.lines[:_NAMES_SHOWN]
    plot.legend(handles=shown, fontsize=6, loc="upper left", bbox_to_anchor=(0, -0.1))


def _heat_map(plot: Axes, series: Series, start: float) -> None:
    bounded = [one for one in series if one["metric"]["le"] != "+Inf"]
    bounded.sort(key=lambda one: float(one["metric"]["le"]))
    counts = [[float(value) for _, value in one["values"]] for one in bounded]
    # A bucket of Prometheus' has all that is smaller, too.
    own = [counts[0]] + [
        [upper - lower for upper, lower in zip(more, less, strict=True)]
        for less, more in pairwise(counts)
    ]
    times = [at - start for at, _ in bounded[0]["values"]]
    bounds = [float(one["metric"]["le"]) for one in bounded]
    edges = [bounds[0] / 2, *bounds]
    # As a bitmap it is small.
    plot.pcolormesh(
        [*times, times[-1] + 1], edges, own, norm="log", cmap="Oranges", rasterized=True
    )
    plot.set(yscale="log", ylim=(1e-3, 1.0), ylabel="seconds")
    plot.grid(visible=False)


def series_name(pattern: str, labels: Mapping[str, str]) -> str:
    """A series' name, as Grafana makes it of a pattern and the series' labels."""
    return re.sub(r"{{(\w+)}}", lambda found: labels.get(found[1], ""), pattern)


if __name__ == "__main__":
    main()
