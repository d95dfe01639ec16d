"""Counts lines in each Python program of a test under `bazel coverage`.

Python itself imports a module of this name when it starts. The start script of our programs puts
the folder on the import path (//bazel/python), so a server started by a test counts too.
"""

import os
import sys
from pathlib import Path

_RUNFILES = Path(__file__).parents[3]


def _measured() -> list[str]:
    """The files named by --instrumentation_filter, as far as this test has to do with them."""
    workspace = _RUNFILES / os.environ["TEST_WORKSPACE"]
    names = Path(os.environ["COVERAGE_MANIFEST"]).read_text(encoding="utf-8").split()
    # The real file: a test's programs have runfiles of their own, all links to it.
    return [os.path.realpath(workspace / name) for name in names]


def _start(files: list[str]) -> None:
    sys.path.append(str(_RUNFILES / "pypi_coverage" / "site-packages"))
    import coverage

    data = Path(os.environ["COVERAGE_DIRECTORY"], ".coverage")
    # auto_data: saved when the process ends. The suffix keeps the processes' files apart.
    coverage.Coverage(
        data_file=str(data), data_suffix=True, auto_data=True, config_file=False, include=files
    ).start()


# Most tests have to do with none of the files, and run at their own pace.
if files := _measured():
    _start(files)
