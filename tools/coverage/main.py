"""Shows what `./bazelw coverage` counted, makes pages and LCOV of it, and holds it to a limit."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from coverage import CoverageData
from coverage.cmdline import main as coverage
from coverage.exceptions import DataError

_FOLDERS = ("rpc", "services", "client")
_REPORT = Path("bazel-out/_coverage/_coverage_report.dat")  # Bazel's, below the workspace


def main() -> int:
    """Returns 1 if a folder is below the limit of report.ini, or a file is in no program."""
    options = [f"--rcfile={Path(__file__).with_name('report.ini').absolute()}"]
    os.chdir(os.environ.get("BUILD_WORKSPACE_DIRECTORY", "."))
    if not _REPORT.is_file():
        sys.exit(f"there is no {_REPORT}: ./bazelw coverage //... writes it")
    reports = [["report", f"--include={folder}/*"] for folder in _FOLDERS]
    codes = [coverage([*words, *options]) for words in (*reports, ["html"], ["lcov"])]
    try:
        unmeasured = list(_unmeasured())
    except DataError as error:
        sys.exit(str(error))
    print(*unmeasured, sep="\n", file=sys.stderr)
    return 1 if any(codes) or unmeasured else 0


def _unmeasured() -> Iterator[str]:
    data = CoverageData(str(_REPORT))
    data.read()
    for folder in _FOLDERS:
        for file in sorted(Path(folder).rglob("*.py")):
            is_test = file.match("test_*.py")
            if not is_test and file.stat().st_size and str(file) not in data.measured_files():
                yield f"{file} is in no program that the tests start or import: test it"


if __name__ == "__main__":
    sys.exit(main())
