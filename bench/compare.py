"""Two checkouts of this repository against each other, for review: what does a change cost?"""

import os
import subprocess
import sys
from pathlib import Path

import click

from bench import contenders
from bench.choice import GENERATOR, choose_generator, rounds
from bench.load import LoadError
from bench.machine import facts, in_words
from bench.markdown import markdown
from bench.measurement import QUICK, Plan, Round, measure_round
from bench.report import ratios, table
from testing.processes import StartError

PLAN = Plan(in_flight=(1, 64, 256), seconds=1.5, rate=400.0, open_seconds=3.0)

CHECKOUT = click.Path(exists=True, file_okay=False, resolve_path=True, path_type=Path)


@click.command(name="compare")
@click.argument("a", type=CHECKOUT)
@click.argument("b", type=CHECKOUT)
@rounds(5, of="each checkout")
@click.option("--quick", is_flag=True, help="One short round: does all of it work?")
@click.option("--build/--no-build", default=True, help="Build both first, by their ./bazelw.")
@GENERATOR
def main(  # noqa: PLR0913  # one for each option
    *, a: Path, b: Path, rounds: int, quick: bool, build: bool, generator: str
) -> None:
    """Measure checkout B against checkout A, in turns (A B A B), and print B over A.

    A ratio whose range has 1 in it is no difference. Each checkout is a folder with ./bazelw in
    it, as `git worktree add FOLDER COMMIT` makes one.
    """
    load = choose_generator(generator)
    plan, rounds = (QUICK, 1) if quick else (PLAN, rounds)
    # B first: the report's ratios are the first one's over the others'.
    sides = {"B": b, "A": a}
    programs = {name: _programs(checkout, build=build) for name, checkout in sides.items()}
    measured: dict[str, list[Round]] = {"B": [], "A": []}
    try:
        for number in range(rounds):
            for name in ("A", "B"):
                print(f"round {number + 1} of {rounds}: {name}", file=sys.stderr, flush=True)
                contender = contenders.chain(name, programs[name])
                measured[name].append(measure_round(contender, plan, load, number))
    except (LoadError, StartError) as error:
        raise click.ClickException(str(error)) from error
    about = {**facts(), "generator": load.name, "A": a, "B": b}
    print(in_words(about), end="\n\n")
    print(markdown(table(measured, plan.in_flight)), end="\n\n")
    print(markdown(ratios(measured, plan.in_flight, title="B over")))


def _programs(checkout: Path, *, build: bool) -> Path:
    if build:
        # The outer Bazel's environment would turn the inner one from its own workspace.
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("BUILD_", "RUN"))}
        # They are started from bazel-bin.
        flags = ["--build_runfile_links", "//services:all"]
        command = [str(checkout / "bazelw"), "build", *flags]
        done = subprocess.run(command, cwd=checkout, env=environment, check=False)  # noqa: S603
        if done.returncode:
            raise click.ClickException(f"{checkout} does not build")
    programs = checkout / "bazel-bin"
    if not (programs / "services/orc1/orc1").exists():
        raise click.ClickException(f"{programs} has no services/orc1/orc1: leave --no-build out")
    return programs.resolve()


if __name__ == "__main__":
    main()
