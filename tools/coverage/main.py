"""Shows the report of `./bazelw coverage`, makes pages of it, and holds it to a limit."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import coverage
from coverage.exceptions import NoDataError

from tools.coverage import lcov

_FOLDERS = ("rpc", "services", "client")
_BAZELS_FOLDER = Path("bazel-out", "_coverage")


@click.command(context_settings={"show_default": True})
@click.option(
    "--limit", default=95.0, help="Percent of its lines that each folder has to have run."
)
@click.option(
    "--report",
    type=click.Path(dir_okay=False, path_type=Path),
    default=_BAZELS_FOLDER / "_coverage_report.dat",
    help="LCOV file to read.",
)
@click.option(
    "--html",
    type=click.Path(file_okay=False, path_type=Path),
    default=_BAZELS_FOLDER / "html",
    help="Folder to write the pages to.",
)
@click.argument("folders", nargs=-1)
def main(limit: float, report: Path, html: Path, folders: tuple[str, ...]) -> None:
    """Holds FOLDERS (rpc, services and client) to a limit. Exits with 1 if one is below it."""
    os.chdir(os.environ.get("BUILD_WORKSPACE_DIRECTORY", "."))
    try:
        hits = lcov.read(report)
    except OSError as error:
        raise click.ClickException(
            f"cannot read {report}: {error.strerror}: ./bazelw coverage //... writes it"
        ) from error
    chosen = folders or _FOLDERS
    complaints = [*_unmeasured(hits, chosen), *_below(limit, _measured(hits), chosen, html)]
    print(f"pages: {html.absolute() / 'index.html'}")
    print(*complaints, sep="\n", file=sys.stderr)
    sys.exit(1 if complaints else 0)


def _unmeasured(hits: lcov.Hits, folders: tuple[str, ...]) -> Iterator[str]:
    for folder in folders:
        files = [f for f in sorted(Path(folder).rglob("*.py")) if not f.match("test_*.py")]
        if not files:
            yield f"there is no Python file in {folder}/"
        for file in files:
            if str(file) not in hits and file.stat().st_size > 0:
                yield f"{file} is in no program that the tests start or import: test it"


def _measured(hits: lcov.Hits) -> coverage.Coverage:
    """The same in the form of coverage.py, for its reports."""
    measured = coverage.Coverage(data_file=None, config_file=False)
    data = measured.get_data()
    for file, lines in hits.items():
        path = os.path.realpath(file)
        data.add_lines({path: [line for line, count in lines.items() if count > 0]})
        data.touch_file(path)
    return measured


def _below(
    limit: float, measured: coverage.Coverage, folders: tuple[str, ...], html: Path
) -> Iterator[str]:
    try:
        measured.html_report(directory=str(html), include=[f"{folder}/*" for folder in folders])
        for folder in folders:
            percent = measured.report(include=[f"{folder}/*"], show_missing=True)
            if percent < limit:
                yield f"{folder}/: {percent:.1f} % of the lines are run, {limit:g} % are the least"
    except NoDataError as error:
        raise click.ClickException(f"nothing of {', '.join(folders)} was measured") from error


if __name__ == "__main__":
    main()
