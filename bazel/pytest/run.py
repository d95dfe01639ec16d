"""Runs one test file by pytest-bazel, which speaks Bazel's side of the test protocol.

One thing is added: pytest-shard deals tests out by a hash of their names, so a shard may get none.
That is no failure, as long as the file has tests at all.
"""

import os
import sys
from collections.abc import Sequence

import pytest
from pytest_bazel.main import main


class _FoundTests:
    """Remembers how many tests pytest found, before any was dealt to another shard."""

    count = 0

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: Sequence[pytest.Item]) -> None:
        self.count = len(items)


def _run_pytest(args: list[str]) -> int:
    found = _FoundTests()
    code = pytest.main(args, plugins=[found])
    is_empty_shard = "TEST_SHARD_INDEX" in os.environ and found.count > 0
    if code == pytest.ExitCode.NO_TESTS_COLLECTED and is_empty_shard:
        return 0
    return int(code)


if __name__ == "__main__":
    sys.exit(main(pytest_main=_run_pytest))
