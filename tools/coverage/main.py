"""Shows what `./bazelw coverage` counted, makes pages and LCOV of it, and holds it to a limit."""

import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import click
import coverage
from coverage.exceptions import DataError, NoDataError

_FOLDERS = ("rpc", "services", "client")
_FOLDER = Path("bazel-out", "_coverage")  # Bazel's, below the workspace
_REPORT = _FOLDER / "_coverage_report.dat"


@click.command(context_settings={"show_default": True})
@click.option(
    "--limit", default=95.0, help="Percent of its lines that each folder has to have run."
)
@click.argument("folders", nargs=-1)
def main(limit: float, folders: tuple[str, ...]) -> None:
    """Holds FOLDERS (rpc, services and client) to a limit. Exits with 1 if one is below it."""
    os.chdir(os.environ.get("BUILD_WORKSPACE_DIRECTORY", "."))
    if not _REPORT.is_file():
        raise click.ClickException(f"there is no {_REPORT}: ./bazelw coverage //... writes it")
    chosen = folders or _FOLDERS
    try:
        measured = _read()
        complaints = [*_unmeasured(measured, chosen), *_below(limit, measured, chosen)]
        included = _patterns(chosen)
        measured.html_report(directory=str(_FOLDER / "html"), include=included)
        measured.lcov_report(outfile=str(_FOLDER / "lcov.info"), include=included)
    except NoDataError as error:
        raise click.ClickException(f"nothing of {', '.join(chosen)} was measured") from error
    except DataError as error:
        raise click.ClickException(str(error)) from error
    print(f"pages: {(_FOLDER / 'html/index.html').absolute()}")
    print(*complaints, sep="\n", file=sys.stderr)
    sys.exit(1 if complaints else 0)


def _read() -> coverage.Coverage:
    measured = coverage.Coverage(data_file=str(_REPORT), config_file=False)
    # Files have the names that they have in the workspace.
    measured.set_option("run:relative_files", True)  # noqa: FBT003 (the option's value)
    measured.load()
    return measured


def _unmeasured(measured: coverage.Coverage, folders: tuple[str, ...]) -> Iterator[str]:
    known = measured.get_data().measured_files()
    for folder in folders:
        files = [f for f in sorted(Path(folder).rglob("*.py")) if not f.match("test_*.py")]
        if not files:
            yield f"there is no Python file in {folder}/"
        for file in files:
            if str(file) not in known and file.stat().st_size > 0:
                yield f"{file} is in no program that the tests start or import: test it"


def _below(limit: float, measured: coverage.Coverage, folders: tuple[str, ...]) -> Iterator[str]:
    for folder in folders:
        percent = measured.report(include=_patterns([folder]), show_missing=True)
        if percent < limit:
            yield f"{folder}/: {percent:.1f} % of the lines are run, {limit:g} % are the least"


def _patterns(folders: Iterable[str]) -> list[str]:
    return [f"{folder}/*" for folder in folders]


if __name__ == "__main__":
    main()
