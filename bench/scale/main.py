"""The benchmark of the build: `./bazelw run //bench:scale`."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click

from bench.machine import facts, in_words
from bench.markdown import markdown
from bench.scale.bazel import Bazel, Step
from bench.scale.growth import Sizes, per_service, table
from bench.scale.steps import STEPS, measure
from bench.scale.workspace import CHAIN, add_services, copy_checkout
from tools.own_bazel.bazel import BazelError, own_bazel


@click.command(name="scale")
@click.option(
    "--services",
    multiple=True,
    type=click.IntRange(min=CHAIN),
    default=[3, 30, 300],
    show_default=True,
    help="How many services the copy has. Repeat it for several sizes.",
)
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    help="Actions that run at once. Bazel's choice by default.",
)
@click.option(
    "--scratch",
    type=click.Path(exists=True, file_okay=False, resolve_path=True, path_type=Path),
    default=Path("/var/tmp"),  # noqa: S108  # a default, and not for a file of a fixed name
    show_default=True,
    help="Where the copy is made, and removed.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("bench-results"),
    show_default=True,
    help="Folder for scale.json.",
)
def main(*, services: Sequence[int], jobs: int | None, scratch: Path, out: Path) -> None:
    """Build a copy of this workspace with more and more services, and time it."""
    checkout = Path(os.environ.get("BUILD_WORKSPACE_DIRECTORY", "."))
    try:
        with tempfile.TemporaryDirectory(prefix="scale-", dir=scratch) as folder:
            copy_checkout(checkout, Path(folder, "workspace"))
            sizes = _measure(Path(folder), sorted(set(services)), jobs)
    except (BazelError, OSError, subprocess.CalledProcessError) as error:
        raise click.ClickException(str(error)) from error
    _report(sizes, Path(os.environ.get("BUILD_WORKING_DIRECTORY", ""), out))


def _measure(folder: Path, numbers: Sequence[int], jobs: int | None) -> Sizes:
    workspace = folder / "workspace"
    sizes: dict[int, dict[str, Step]] = {}
    with own_bazel(workspace, folder / "output") as own:
        bazel = Bazel(own, jobs)
        _say(f"fetching, into {folder}")
        bazel.analyse()
        for number in numbers:
            add_services(workspace, number)
            sizes[number] = {}
            for name, step in measure(bazel):
                _say(f"{number} services, {name}: {step.seconds:.1f} s")
                sizes[number][name] = step
    return sizes


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def _report(sizes: Sizes, folder: Path) -> None:
    about = facts()
    raw = {
        "about": about,
        "steps": STEPS,
        "services": {
            number: {name: asdict(step) for name, step in steps.items()}
            for number, steps in sizes.items()
        },
        "ms_per_service": {name: per_service(sizes, name) for name in STEPS},
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "scale.json").write_text(json.dumps(raw, indent=1))
    words = in_words(about)
    print(f"{words}\n\n{markdown(table(sizes))}\n\nsee {folder}/scale.json")


if __name__ == "__main__":
    main()
