"""Counts lines in each Python program of a test under `bazel coverage`.

Python itself imports a module of this name when it starts, and coverage.py names it as one of two
ways to count in each process. The start script of our programs puts the folder on the import path
(//bazel/python), so a server started by a test counts too.
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


# Most tests have to do with none of the files, and run at their own pace.
if files := _measured():
    sys.path.append(str(_RUNFILES / "pypi_coverage" / "site-packages"))
    import coverage

    os.environ["MEASURED_FILES"] = ",".join(files)
    os.environ["COVERAGE_PROCESS_START"] = str(Path(__file__).with_name("coveragerc"))
    coverage.process_startup()
