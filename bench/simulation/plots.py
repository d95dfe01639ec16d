"""The plots of docs/scale.md."""

from collections.abc import Mapping
from pathlib import Path

from matplotlib.figure import Figure

from bench.plots import drawing, legend_beside
from bench.simulation.callers import Record
from bench.simulation.capacity import waits
from bench.simulation.scenarios import SCENARIOS, SECONDS, Records, Scenario

_LOADS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
_TIMES = (1, 2, 5, 10, 20, 50)


def draw(records: Records, folder: Path) -> None:
    """Writes the plots into a folder."""
    for name, scenario in SCENARIOS.items():
        with drawing(folder / f"{name}.svg") as picture:
            _fault_plot(picture, scenario, records[name])
    with drawing(folder / "waits.svg") as picture:
        _waits_plot(picture)


def _fault_plot(picture: Figure, scenario: Scenario, records: Mapping[str, Record]) -> None:
    attempts = scenario.shows_attempts
    shown = "attempts, a second" if attempts else "calls that end with OK, a second"
    panel = picture.add_subplot(title=scenario.title, xlabel="seconds", ylabel=shown)
    seconds = range(SECONDS)
    for variant, record in records.items():
        counts = [record.attempts[at] if attempts else record.good(at) for at in seconds]
        panel.plot(seconds, counts, label=variant)
    panel.set_ylim(bottom=0)
    picture.legend(loc="outside lower center", ncols=2)


def _waits_plot(picture: Figure) -> None:
    found = [waits(load) for load in _LOADS]
    panel = picture.add_subplot(
        title="How long a call takes at one core",
        xlabel="% of the core in use",
        ylabel="times its own need",
        yscale="log",
    )
    for share in ("p50", "p99"):
        panel.plot([100 * load for load in _LOADS], [one[share] for one in found], label=share)
    panel.set_yticks(_TIMES)
    panel.minorticks_off()
    panel.yaxis.set_major_formatter("{x:g}")
    legend_beside(panel)
