"""Runs one test file by pytest-bazel, which speaks Bazel's side of the test protocol.

Two things are added. pytest-shard deals tests out by a hash of their names, so a shard may get
none: that is no failure, as long as the file has tests at all. And a test that hangs ends with a
traceback while Bazel's time for the target lasts.
"""

import os
import sys
from collections.abc import Sequence

import pytest
from pytest_bazel.main import main

_TRACEBACK_SECONDS = 10


class _FoundTests:
    """Remembers how many tests pytest found, before any was dealt to another shard."""

    count = 0

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: Sequence[pytest.Item]) -> None:
        self.count = len(items)


def _run_pytest(args: list[str]) -> int:
    found = _FoundTests()
    code = pytest.main([*_time_limit(), *args], plugins=[found])
    is_empty_shard = "TEST_SHARD_INDEX" in os.environ and found.count > 0
    if code == pytest.ExitCode.NO_TESTS_COLLECTED and is_empty_shard:
        return 0
    return int(code)


def _time_limit() -> list[str]:
    """The limit of a single test, before all other arguments: one that is given there wins."""
    seconds = os.environ.get("TEST_TIMEOUT")
    return [f"--timeout={max(int(seconds) - _TRACEBACK_SECONDS, 1)}"] if seconds else []


if __name__ == "__main__":
    sys.exit(main(pytest_main=_run_pytest))
