"""A benchmark with nothing to measure ends with a clear error, not an empty table."""

import pytest

from testing.processes import run_to_end


@pytest.mark.parametrize(
    ("name", "option", "value"),
    [
        ("chain", "--rounds", "0"),
        ("compare", "--rounds", "0"),
        ("features", "--rounds", "0"),
        ("features", "--calls", "63"),
        ("messages", "--rounds", "0"),
    ],
)
def test_too_little_to_measure(name: str, option: str, value: str) -> None:
    ended = run_to_end(f"bench/{name}", option, value)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert f"Invalid value for '{option}': {value} is not in the range" in ended.stderr
