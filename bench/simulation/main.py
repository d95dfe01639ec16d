"""The figures and plots of docs/scale.md: `./bazelw run //bench/simulation`."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import click

from bench.markdown import markdown
from bench.simulation.callers import Record
from bench.simulation.capacity import replicas
from bench.simulation.mesh import mesh
from bench.simulation.plots import draw
from bench.simulation.rollout import seconds, surge
from bench.simulation.scenarios import SCENARIOS, SECONDS, Records, run_all

_RATES = (10_000, 100_000, 1_000_000)
_MESHES = ((10, 10), (100, 100), (1000, 100), (1000, 1000))
_SUBSET = 20
_USE = 0.6  # of its core by a replica
_REPLICAS = (2, 10, 50, 100, 400)
_AFTER = range(SECONDS - 10, SECONDS)


@click.command(name="simulation")
@click.option(
    "--cpu-microseconds",
    type=click.FloatRange(min=0.0, min_open=True),
    default=32.4,
    show_default=True,
    help="Processor time of a call at a hop, as bench:chain measures it.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("bench-results"),
    show_default=True,
    help="Folder for the plots.",
)
def main(*, cpu_microseconds: float, out: Path) -> None:
    """Reckon and simulate the chain at sizes that this machine does not have."""
    records = run_all()
    for table in (
        capacity_table(cpu_microseconds / 1e6),
        mesh_table(),
        fault_table(records),
        rollout_table(),
    ):
        click.echo(markdown(table) + "\n")
    folder = Path(os.environ.get("BUILD_WORKING_DIRECTORY", ""), out)
    folder.mkdir(parents=True, exist_ok=True)
    draw(records, folder)
    click.echo(f"the plots are in {folder}")


def capacity_table(processor: float) -> list[list[str]]:
    """Replicas and cores of a hop for each rate."""
    table = [["calls/s", "cores busy", "replicas", "in use without one zone of three"]]
    for rate in _RATES:
        one = replicas(rate, processor, _USE)
        table.append(
            [f"{rate:,}", f"{one.cores:.1f}", str(one.replicas), f"{one.after_a_loss:.0%}"]
        )
    return table


def mesh_table() -> list[list[str]]:
    """Connections of meshes, each with and without subsets."""
    table = [["callers, servers", "connections", "of a server", f"in subsets of {_SUBSET}", "most"]]
    for callers, servers in _MESHES:
        whole, parts = mesh(callers, servers), mesh(callers, servers, _SUBSET)
        counts = [f"{whole.connections:,}", f"{whole.of_a_server:.0f}", f"{parts.connections:,}"]
        table.append([f"{callers:,}, {servers:,}", *counts, str(parts.most)])
    return table


def fault_table(records: Records) -> list[list[str]]:
    """What becomes of the calls in each scenario and variant."""
    head = ["fault", "met by", "goodput meanwhile", "at the end", "attempts a call"]
    return [head, *(line for name in records for line in _fault_lines(name, records[name]))]


def _fault_lines(name: str, records: Mapping[str, Record]) -> Iterator[list[str]]:
    scenario = SCENARIOS[name]
    for variant, record in records.items():
        yield [
            scenario.title,
            variant,
            f"{record.share_good(scenario.during):.1%}",
            f"{record.share_good(_AFTER):.1%}",
            f"{record.attempts_a_call(scenario.during):.2f}",
        ]


def rollout_table() -> list[list[str]]:
    """Seconds of a rolling restart, for each number of replicas."""
    table = [["replicas", "maxSurge: 1", "maxSurge: 25%"]]
    for count in _REPLICAS:
        lasts = [seconds(count, extra) for extra in (1, surge(count, 0.25))]
        table.append([str(count), *(f"{one:,.0f} s" for one in lasts)])
    return table


if __name__ == "__main__":
    main()
