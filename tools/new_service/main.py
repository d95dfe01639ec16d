"""Adds a service to the workspace: `./bazelw run //tools:new_service -- NAME`."""

import os
import subprocess
from pathlib import Path

import click

from services.declarations import DeclarationError
from tools.new_service.refusal import RefusalError
from tools.new_service.service import KINDS, Written, add, remove

_PATH = click.Path(dir_okay=False, resolve_path=True, path_type=Path)


@click.command(name="new_service", context_settings={"show_default": True})
@click.argument("name")
@click.option("--kind", type=click.Choice(KINDS), default="unary", help="Kind of its method.")
@click.option("--upstream", metavar="NAME", help="Service that it calls.")
@click.option("--remove", "removes", is_flag=True, help="Take the service NAME back.")
@click.option("--ruff", type=_PATH, hidden=True)
@click.option("--buildifier", type=_PATH, hidden=True)
def main(  # noqa: PLR0913  # its command line
    *,
    name: str,
    kind: str,
    upstream: str | None,
    removes: bool,
    ruff: Path | None,
    buildifier: Path | None,
) -> None:
    """Write a service NAME: contract, servicer, tests, and its place in deploy/."""
    if "BUILD_WORKSPACE_DIRECTORY" not in os.environ:
        raise click.UsageError("start it with ./bazelw run //tools:new_service -- NAME")
    workspace = Path(os.environ["BUILD_WORKSPACE_DIRECTORY"])
    try:
        if removes:
            _say_removed(name, remove(workspace, name))
            return
        written = add(workspace, name, kind, upstream)
    except (RefusalError, DeclarationError, OSError) as error:
        raise click.ClickException(str(error)) from error
    # With each name lines break elsewhere, and imports and labels have another order.
    modules = [file for file in written.files if file.suffix == ".py"]
    build_files = [file for file in written.files if file.suffix == ".bazel"]
    _run(workspace, ruff, "check", "--select=I", "--fix", "--no-cache", "--quiet", *modules)
    _run(workspace, ruff, "format", "--no-cache", "--quiet", *modules)
    _run(workspace, buildifier, "-lint=fix", *build_files)
    _say_added(name, written)


def _run(workspace: Path, formatter: Path | None, *arguments: str | Path) -> None:
    if formatter is not None:
        subprocess.run([formatter, *arguments], cwd=workspace, check=True)  # noqa: S603


def _say_added(name: str, written: Written) -> None:
    for file in [*written.files, *written.changed]:
        click.echo(file)
    click.echo(
        f"\n{name} listens on port {written.port}. What to do next:\n"
        f"  ./bazelw test //services/{name}/... //tools/lint/... //tests/deploy/...\n"
        f"  ./bazelw run //services:{name}\n"
        f"  Write your contract into proto/{name}/{name}.proto, its methods into"
        f" services/{name}/{name}.py,\n"
        f"  and what they do into services/{name}/test_{name}.py.\n"
        f"  After a change of port or upstreams: ./bazelw run //deploy:write"
    )


def _say_removed(name: str, written: Written) -> None:
    for path in [*written.files, *written.changed]:
        click.echo(path)
    click.echo(f"\n{name} is removed.")


if __name__ == "__main__":
    main()
