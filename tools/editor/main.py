"""Makes what an editor needs of this workspace: `./bazelw run //tools:editor`."""

import os
import subprocess
from collections.abc import Iterable
from pathlib import Path

import click

from tools.editor.environment import make_environment, without_packages
from tools.editor.generated import copy_generated
from tools.editor.settings import write_settings


@click.command(name="editor")
@click.option("--no-wheel", "without", multiple=True, hidden=True)
@click.option("--venv/--no-venv", default=True, help="Make .venv. Without, it stays as it is.")
def main(*, without: tuple[str, ...], venv: bool) -> None:
    """Make generated code, packages and settings visible to editors and tools."""
    if "BUILD_WORKSPACE_DIRECTORY" not in os.environ:
        raise click.UsageError("start it with ./bazelw run //tools:editor")
    workspace = Path(os.environ["BUILD_WORKSPACE_DIRECTORY"])
    try:
        _say("made", copy_generated(Path.cwd(), workspace))
        made, kept = write_settings(workspace)
        if venv:
            _say("made" if _make_venv(workspace, without) else "up to date", [Path(".venv")])
    except (OSError, subprocess.CalledProcessError) as error:
        raise click.ClickException(str(error)) from error
    _say("made", made)
    _say("yours, left as it is; remove it and run this again to have it made:", kept)
    click.echo("\nRun this again after a change of a contract or of requirements.txt.")


def _make_venv(workspace: Path, without: Iterable[str]) -> bool:
    lock = (workspace / "requirements.txt").read_text(encoding="utf-8")
    return make_environment(workspace / ".venv", without_packages(lock, without), [workspace])


def _say(what: str, files: Iterable[Path]) -> None:
    for file in files:
        click.echo(f"{what} {file}")


if __name__ == "__main__":
    main()
