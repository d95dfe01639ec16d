"""Makes what an editor needs of this workspace: `./bazelw run //tools:editor`."""

import os
import subprocess
from collections.abc import Iterable
from pathlib import Path

import click

from tools.editor.environment import make_environment, without_packages
from tools.editor.generated import copy_generated


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
        _write_settings(workspace / ".vscode" / "settings.json")
        if venv:
            _say("made" if _make_venv(workspace, without) else "up to date", [Path(".venv")])
    except (OSError, subprocess.CalledProcessError) as error:
        raise click.ClickException(str(error)) from error
    click.echo("\nRun this again after a change of a contract or of requirements.txt.")


def _write_settings(file: Path) -> None:
    """Writes VS Code's settings, unless a person has some."""
    text = Path(__file__).with_name("vscode.json").read_text(encoding="utf-8")
    if not file.exists():
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
    if file.read_text(encoding="utf-8") == text:
        click.echo(f"made {file}")
    else:
        click.echo(f"yours, left as it is; remove it and run this again to have it made: {file}")


def _make_venv(workspace: Path, without: Iterable[str]) -> bool:
    lock = (workspace / "requirements.txt").read_text(encoding="utf-8")
    return make_environment(workspace / ".venv", without_packages(lock, without), [workspace])


def _say(what: str, files: Iterable[Path]) -> None:
    for file in files:
        click.echo(f"{what} {file}")


if __name__ == "__main__":
    main()
