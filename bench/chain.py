"""The benchmark: this chain against its peers, in one run, alternating, as ratios."""

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from bench import contenders
from bench.choice import GENERATOR, choose_generator, rounds
from bench.contenders import PEERS, Contender
from bench.figures import figure
from bench.load import Generator, LoadError
from bench.machine import facts, in_words
from bench.markdown import markdown
from bench.measurement import QUICK, Plan, Round, import_seconds, measure_round
from bench.page import page
from bench.plots import Axes, curves, stacks
from bench.report import Rounds, busy, ratios, table
from bench.servers import ROLES
from testing.processes import StartError

OURS = "this chain on wire"
ON_GRPCIO = "this chain on grpcio"


@click.command(name="chain")
@rounds(5, of="each contender")
@click.option("--quick", is_flag=True, help="One short round: does all of it work?")
@GENERATOR
@click.option(
    "--peer",
    "peers",
    multiple=True,
    type=click.Choice(list(PEERS)),
    default=list(PEERS),
    help="Whom to compare with. All by default.",
)
@click.option(
    "--reference",
    nargs=3,
    type=click.Path(exists=True, dir_okay=False, resolve_path=True, path_type=Path),
    help="The reference's binaries orc1, orc2, mock_data. They take ports 9000, 9001, 10000.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("bench-results"),
    show_default=True,
    help="Folder for chain.json, chain.html and the plots.",
)
def main(  # noqa: PLR0913  # one for each option
    *,
    rounds: int,
    quick: bool,
    generator: str,
    peers: Sequence[str],
    reference: tuple[Path, Path, Path] | None,
    out: Path,
) -> None:
    """Measure the chain and its peers: throughput, latency, CPU time, memory, start-up.

    Every answer's size is checked, and beside the load calls whose answers are compared in full.
    A wrong answer ends the run.
    """
    chosen = [
        contenders.chain(OURS, contenders.root(), ("--transport", "wire")),
        contenders.chain(ON_GRPCIO, contenders.root(), ("--transport", "grpcio")),
        *map(contenders.peer, peers),
    ]
    if reference:
        chosen.append(contenders.reference(dict(zip(ROLES, reference, strict=True))))
    plan, rounds = (QUICK, 1) if quick else (Plan(), rounds)
    load = choose_generator(generator)
    try:
        measured, imports = _measure(chosen, plan, rounds, load)
    except (LoadError, StartError) as error:
        raise click.ClickException(str(error)) from error
    folder = Path(os.environ.get("BUILD_WORKING_DIRECTORY", ""), out)
    _report(measured, imports, plan, load, folder)


def _measure(
    chosen: list[Contender], plan: Plan, rounds: int, load: Generator
) -> tuple[dict[str, list[Round]], list[float]]:
    measured: dict[str, list[Round]] = {contender.name: [] for contender in chosen}
    imports = []
    for number in range(rounds):
        imports.append(import_seconds())
        # Each round begins with another one, so that none has always the same neighbour.
        turn = number % len(chosen)
        for contender in chosen[turn:] + chosen[:turn]:
            print(f"round {number + 1} of {rounds}: {contender.name}", file=sys.stderr, flush=True)
            measured[contender.name].append(measure_round(contender, plan, load, number))
    return measured, imports


def _report(
    measured: dict[str, list[Round]],
    imports: list[float],
    plan: Plan,
    load: Generator,
    folder: Path,
) -> None:
    tables = [table(measured, plan.in_flight), ratios(measured, plan.in_flight)]
    about = {**facts(), "generator": load.name, "import grpc, s": f"{figure(imports).median:.2f}"}
    plots = draw(measured, plan)
    folder.mkdir(parents=True, exist_ok=True)
    for name, plot in plots.items():
        (folder / name).write_text(plot)
    words = in_words(about)
    (folder / "chain.html").write_text(page("The chain and its peers", words, tables, plots))
    (folder / "chain.json").write_text(json.dumps(_raw(measured, imports, about), indent=1))
    print(f"{words}\n\n{markdown(tables[0])}\n\n{markdown(tables[1])}\n\nsee {folder}/chain.html")


def _raw(
    measured: dict[str, list[Round]], imports: list[float], about: dict[str, str]
) -> dict[str, Any]:
    rounds = {name: [asdict(one) for one in of] for name, of in measured.items()}
    return {"about": about, "import_grpc_seconds": imports, "rounds": rounds}


def draw(measured: Rounds, plan: Plan) -> dict[str, str]:
    """The plots of a run, by file name."""
    at = busy(plan.in_flight)
    return {
        "throughput.svg": curves(
            Axes("Throughput", "calls in flight", "calls/s"),
            _over_concurrency(measured, plan, "rate"),
        ),
        "latency.svg": curves(
            Axes("Latency under closed load, p99", "calls in flight", "ms"),
            _over_concurrency(measured, plan, "p99"),
        ),
        "cpu.svg": stacks(
            Axes(f"CPU time, {at} calls in flight", "", "µs a call"),
            {name: _cpu(of, at) for name, of in measured.items()},
        ),
    }


def _over_concurrency(measured: Rounds, plan: Plan, what: str) -> dict[str, dict[float, Any]]:
    def pick(one: Round, in_flight: int) -> float:
        point = one.points[in_flight]
        return point.rate if what == "rate" else point.latency[what]

    return {
        name: {number: figure([pick(one, number) for one in of]) for number in plan.in_flight}
        for name, of in measured.items()
    }


def _cpu(rounds: Sequence[Round], at: int) -> dict[str, float]:
    return {role: figure([one.points[at].cpu[role] for one in rounds]).median for role in ROLES}


if __name__ == "__main__":
    main()
