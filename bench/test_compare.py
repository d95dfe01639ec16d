"""Two checkouts, here of the same programs, run in turns. Their ratio is printed."""

import subprocess
from pathlib import Path

import pytest

from testing.runfiles import program, runfile


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder in the form of a built checkout."""
    (tmp_path / "bazel-bin").symlink_to(runfile("."))
    return tmp_path


def compare(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [str(program("bench/compare")), "--no-build", "--generator", "python", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_b_is_reported_over_a(checkout: Path) -> None:
    result = compare("--quick", str(checkout), str(checkout))
    assert result.returncode == 0, result.stderr
    assert "| B over" in result.stdout
    assert "CPU µs a call, all hops" in result.stdout


def test_a_checkout_without_programs_is_a_clear_error(checkout: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    result = compare(str(empty), str(checkout))
    assert result.returncode == 1
    assert "services/orc1/orc1" in result.stderr
