"""The pictures of a run of //bench:chain: `./bazelw run //bench:draw -- chain.json`."""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from matplotlib.axes import Axes

from bench.figures import busy, figure
from bench.plots import drawing, legend_beside

Rounds = Mapping[str, Sequence[Mapping[str, Any]]]
"""The rounds of each contender by its name, as chain.json has them."""

Pick = Callable[[Mapping[str, Any]], float]
"""Takes a figure out of a point of a round."""


@click.command(name="draw")
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("bench-results"),
    show_default=True,
    help="Folder for the pictures.",
)
def main(*, run: Path, out: Path) -> None:
    """Draw throughput, latency and CPU time of RUN, the chain.json of a run."""
    here = Path(os.environ.get("BUILD_WORKING_DIRECTORY", ""))
    folder = here / out
    try:
        rounds = json.loads((here / run).read_text())["rounds"]
        folder.mkdir(parents=True, exist_ok=True)
        draw(rounds, folder)
    except (OSError, ValueError, KeyError) as error:
        raise click.ClickException(f"cannot draw {run} into {out}: {error!r}") from error
    click.echo(f"see {folder}")


def draw(rounds: Rounds, folder: Path) -> None:
    """Writes the pictures into a folder."""
    with drawing(folder / "throughput.svg") as picture:
        panel = picture.add_subplot(title="Throughput", ylabel="calls/s")
        _curves(panel, rounds, lambda point: point["rate"])
        panel.set_ylim(bottom=0)
    with drawing(folder / "latency.svg") as picture:
        title = "Latency under closed load, p99"
        panel = picture.add_subplot(title=title, ylabel="ms", yscale="log")
        _curves(panel, rounds, lambda point: point["latency"]["p99"])
    with drawing(folder / "cpu.svg") as picture:
        _stacks(picture.add_subplot(xlabel="µs a call, all hops"), rounds)


def _curves(panel: Axes, rounds: Rounds, pick: Pick) -> None:
    """The medians as a line, the range of the rounds as a band."""
    in_flight = _in_flight(rounds)
    ends = {}
    for name, of in rounds.items():
        found = [figure([pick(one["points"][str(n)]) for one in of]) for n in in_flight]
        (line,) = panel.plot(in_flight, [one.median for one in found], marker=".", label=name)
        least, most = [one.least for one in found], [one.most for one in found]
        panel.fill_between(in_flight, least, most, alpha=0.15, color=line.get_color(), linewidth=0)
        ends[line] = found[-1].median
    panel.set_xlabel("calls in flight")
    panel.set_xscale("log")
    panel.set_xticks(in_flight, [str(number) for number in in_flight])
    panel.minorticks_off()
    panel.yaxis.set_major_formatter("{x:,g}")
    # Names stand as the lines end, from above.
    legend_beside(panel, sorted(ends, key=ends.__getitem__, reverse=True))


def _stacks(panel: Axes, rounds: Rounds) -> None:
    """A bar for each contender, its hops one after the other."""
    at = busy(_in_flight(rounds))
    points = {name: [one["points"][str(at)] for one in of] for name, of in rounds.items()}
    names, ends = list(rounds), [0.0] * len(rounds)
    for hop in reversed(points[names[0]][0]["cpu"]):
        widths = [figure([one["cpu"][hop] for one in points[name]]).median for name in names]
        bars = panel.barh(names, widths, 0.6, ends, label=hop)
        ends = [end + width for end, width in zip(ends, widths, strict=True)]
    panel.bar_label(bars, [f"{end:.0f}" for end in ends], padding=3)
    panel.invert_yaxis()
    panel.grid(axis="y", visible=False)
    panel.set_title(f"CPU time, {at} calls in flight")
    legend_beside(panel)


def _in_flight(rounds: Rounds) -> list[int]:
    (first, *_), *_ = rounds.values()
    return sorted(map(int, first["points"]))


if __name__ == "__main__":
    main()
