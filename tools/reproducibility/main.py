"""Builds the last commit twice and compares: `./bazelw run //tools/reproducibility`.

The first takes the packages that the checkout has fetched, the second fetches them anew, checked by
their hashes. They share nothing else. Exit code 1 if they differ, or if an action lacks the
interpreter it runs.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import click

from tools.reproducibility.builds import FIRST, SECOND, BazelError, Build, build
from tools.reproducibility.outputs import compare_outputs
from tools.reproducibility.spawns import CacheHitError, compare_spawns, without_interpreter


@click.command(name="reproducibility")
@click.argument("targets", nargs=-1, required=True)
@click.option(
    "--scratch",
    type=click.Path(exists=True, file_okay=False, resolve_path=True, path_type=Path),
    default=Path("/var/tmp"),  # noqa: S108  # a default, and not for a file of a fixed name
    show_default=True,
    help="Where the two builds are made, and removed. Not below /tmp, which Bazel's sandbox hides.",
)
def main(*, targets: Sequence[str], scratch: Path) -> None:
    """Build TARGETS of the last commit twice, elsewhere and at another time, and compare."""
    if scratch.is_relative_to("/tmp"):  # noqa: S108  # it is what we do not take
        raise click.UsageError(f"{scratch} is below /tmp: name another folder by --scratch")
    workspace = os.environ.get("BUILD_WORKSPACE_DIRECTORY")
    if workspace is None:
        raise click.UsageError("start it with ./bazelw run //tools/reproducibility")
    try:
        with tempfile.TemporaryDirectory(prefix="reproducibility-", dir=scratch) as folder:
            sys.exit(_check(Path(workspace), targets, Path(folder)))
    except subprocess.CalledProcessError as error:
        raise click.ClickException(_failure(error)) from error
    except (BazelError, CacheHitError, OSError) as error:
        raise click.ClickException(str(error)) from error


def _check(workspace: Path, targets: Sequence[str], folder: Path) -> int:
    commit = _git(workspace, "rev-parse", "--verify", "HEAD")
    if _git(workspace, "status", "--porcelain", "--untracked-files=normal"):
        click.echo("what is not committed is not looked at", err=True)
    click.echo(f"commit {commit}, built twice: {' '.join(targets)}")
    first, second = (
        build(workspace, commit, targets, folder, surroundings) for surroundings in (FIRST, SECOND)
    )
    return _report(first, second)


def _git(workspace: Path, *words: str) -> str:
    command = ["git", *words]
    return subprocess.run(  # noqa: S603 (no shell, the words are fixed)
        command, cwd=workspace, stdout=subprocess.PIPE, text=True, check=True
    ).stdout.strip()


def _report(first: Build, second: Build) -> int:
    """Says what was compared. Returns 1 if it is not the same, or a cache could mix it up."""
    differences = [
        *compare_outputs(first.outputs, second.outputs),
        *compare_spawns(first.spawns, second.spawns),
    ]
    for difference in differences:
        click.echo(f"DIFFERENT {difference}")
    incomplete = list(without_interpreter(first.spawns))
    for name in incomplete:
        click.echo(f"INCOMPLETE {name}")
    outputs = len(first.outputs.keys() | second.outputs.keys())
    actions = len(first.spawns.keys() | second.spawns.keys())
    click.echo(
        f"{outputs} files and {actions} actions compared, {len(differences)} differences;"
        f" the builds took {first.seconds:.0f} s and {second.seconds:.0f} s"
    )
    return 1 if differences or incomplete or not actions else 0


def _failure(error: subprocess.CalledProcessError) -> str:
    return f"{' '.join(error.cmd)}: exit code {error.returncode}; why is said above"


if __name__ == "__main__":
    main()
