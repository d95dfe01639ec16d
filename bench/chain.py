"""The benchmark: this chain against its peers, in one run, alternating, as ratios."""

import json
import os
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

import click

from bench import contenders
from bench.choice import GENERATOR, choose_generator, rounds
from bench.contenders import PEERS, Contender
from bench.load import Generator, LoadError
from bench.machine import facts, in_words
from bench.markdown import markdown
from bench.measurement import QUICK, Plan, Round, measure_round
from bench.report import ratios, table
from bench.servers import ROLES
from testing.processes import StartError

OURS = "this chain on wire"
ON_GRPCIO = "this chain on grpcio"


@click.command(name="chain")
@rounds(5, of="each contender")
@click.option("--quick", is_flag=True, help="One short round: does all of it work?")
@GENERATOR
@click.option(
    "--reference",
    nargs=3,
    type=click.Path(exists=True, dir_okay=False, resolve_path=True, path_type=Path),
    help="The reference's binaries orc1, orc2, mock_data. They take ports 9000, 9001, 10000.",
)
@click.option(
    "--go",
    type=click.Path(exists=True, dir_okay=False, resolve_path=True, path_type=Path),
    help="The chain on grpc-go, as tests/interop/build_go.sh makes it.",
)
@click.option(
    "--tls",
    is_flag=True,
    help="TLS on each link. Contenders without it are left out.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("bench-results"),
    show_default=True,
    help="Folder for chain.json, the run in full.",
)
def main(  # noqa: PLR0913  # one for each option
    *,
    rounds: int,
    quick: bool,
    generator: str,
    reference: tuple[Path, Path, Path] | None,
    go: Path | None,
    tls: bool,
    out: Path,
) -> None:
    """Measure the chain and its peers: throughput, latency, CPU time, memory, start-up.

    Every response's size is checked. Beside the load, other calls' responses are compared in full.
    A wrong response ends the run.
    """
    with_tls = [
        contenders.chain(OURS, contenders.root(), ("--transport", "wire")),
        contenders.chain(ON_GRPCIO, contenders.root(), ("--transport", "grpcio")),
        *([contenders.in_go(go)] if go else ()),
    ]
    without = [*map(contenders.peer, PEERS)]
    if reference:
        without.append(contenders.reference(dict(zip(ROLES, reference, strict=True))))
    plan, rounds = (QUICK, 1) if quick else (Plan(), rounds)
    try:
        with tempfile.TemporaryDirectory() as files:
            chosen = _secured(with_tls, without, Path(files)) if tls else [*with_tls, *without]
            load = choose_generator(generator, authority=chosen[0].authority)
            measured = _measure(chosen, plan, rounds, load)
    except (LoadError, StartError) as error:
        raise click.ClickException(str(error)) from error
    folder = Path(os.environ.get("BUILD_WORKING_DIRECTORY", ""), out)
    _report(measured, plan, load, folder)


def _secured(able: list[Contender], unable: list[Contender], folder: Path) -> list[Contender]:
    """The contenders able to speak TLS, with it. Prints the names of the others."""
    if unable:
        names = ", ".join(one.name for one in unable)
        print(f"left out, as they have no TLS here: {names}", file=sys.stderr)
    tls = contenders.make_tls(folder)
    return [contenders.with_tls(one, tls) for one in able]


def _measure(
    chosen: list[Contender], plan: Plan, rounds: int, load: Generator
) -> dict[str, list[Round]]:
    measured: dict[str, list[Round]] = {contender.name: [] for contender in chosen}
    for number in range(rounds):
        # Each round begins with another one, so the order of neighbours varies.
        turn = number % len(chosen)
        for contender in chosen[turn:] + chosen[:turn]:
            print(f"round {number + 1} of {rounds}: {contender.name}", file=sys.stderr, flush=True)
            measured[contender.name].append(measure_round(contender, plan, load, number))
    return measured


def _report(measured: dict[str, list[Round]], plan: Plan, load: Generator, folder: Path) -> None:
    about = {**facts(), "generator": load.name}
    folder.mkdir(parents=True, exist_ok=True)
    raw = folder / "chain.json"
    rounds = {name: [asdict(one) for one in of] for name, of in measured.items()}
    raw.write_text(json.dumps({"about": about, "rounds": rounds}, indent=1) + "\n")
    print(in_words(about), end="\n\n")
    print(markdown(table(measured, plan.in_flight)), end="\n\n")
    print(markdown(ratios(measured, plan.in_flight)), end="\n\n")
    print(f"`./bazelw run //bench:draw -- {raw}` draws it")


if __name__ == "__main__":
    main()
