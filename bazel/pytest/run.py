"""Runs one test file by pytest-bazel, which speaks Bazel's side of the test protocol.

Four things are added. pytest-shard deals tests out by a hash of their names, so a shard may get
none: that is no failure, as long as the file has tests at all. A run of no test is one, with
`--test_filter` too. A test that hangs ends with a traceback while Bazel's time for the target
lasts. And a test that ends the process fails, whatever exit code it gives.
"""

import os
import re
import sys
from typing import NoReturn

import pytest
from pytest_bazel.main import BazelEnv, main

_TRACEBACK_SECONDS = 10
_FILTER = "TESTBRIDGE_TEST_ONLY"
_OF_PYTESTS_SYNTAX = re.compile(r"and$|or$|not$")


def _run_pytest(args: list[str]) -> int:
    chosen = [*_time_limit(), *args, *_selection()]
    code = int(pytest.main(chosen))
    if code != pytest.ExitCode.NO_TESTS_COLLECTED:
        return code
    if "TEST_SHARD_INDEX" in os.environ and _has_tests(chosen):
        return 0
    if _FILTER in os.environ:
        print(f"no test here is as --test_filter={os.environ[_FILTER]}", file=sys.stderr)
    return code


def _has_tests(args: list[str]) -> bool:
    """Whether all shards together have a test."""
    alone = ["--collect-only", "--quiet", "--shard-id=0", "--num-shards=1", "--junitxml="]
    return pytest.main([*args, *alone]) == 0


def _selection() -> list[str]:
    """Pytest's -k for Bazel's --test_filter, in which Class.method and Class::method are names."""
    wanted = os.environ.get(_FILTER)
    return ["-k", re.sub(r"[^\s()]+", _keywords, wanted)] if wanted else []


def _keywords(word: "re.Match[str]") -> str:
    if _OF_PYTESTS_SYNTAX.match(word[0]):
        return word[0]
    # A file's name and a test's parameters have dots of their own.
    name, bracket, parameters = word[0].partition("[")
    parts = re.split(r"::|(?<!/)[.](?!py\b)", name)
    parts[0] = parts[0].rpartition("/")[2]
    return f"({' and '.join(parts)}{bracket}{parameters})"


def _fail_at_exit() -> None:
    """Makes `os._exit(0)` a failure: the tests that follow do not run. A fork may end so."""
    own, leave = os.getpid(), os._exit

    def leave_in_failure(status: int) -> NoReturn:
        leave(status or int(os.getpid() == own))

    os._exit = leave_in_failure


def _time_limit() -> list[str]:
    """The limit of a single test, before all other arguments: one that is given there wins."""
    seconds = os.environ.get("TEST_TIMEOUT")
    return [f"--timeout={max(int(seconds) - _TRACEBACK_SECONDS, 1)}"] if seconds else []


if __name__ == "__main__":
    _fail_at_exit()
    # Without the filter: pytest-bazel gives it to pytest in another form, and then takes a run of
    # no test for a success.
    seen = {name: value for name, value in os.environ.items() if name != _FILTER}
    sys.exit(main(pytest_main=_run_pytest, env=BazelEnv(seen)))
