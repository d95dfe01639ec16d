"""From processes that count lines to the report of a test and that of all tests."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from testing.runfiles import program, runfile
from tools.coverage import lcov

SAMPLE = "tests/coverage/sample.py"
UNUSED = "tools/coverage/lcov.py"
STATEMENTS = (3, 5, 6, 8, 9, 10)


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """What Bazel and the start script of a program tell it under `bazel coverage`."""
    manifest = tmp_path / "manifest"
    manifest.write_text(f"{SAMPLE}\n{UNUSED}\n")
    return os.environ | {
        "COVERAGE_DIRECTORY": str(tmp_path),
        "COVERAGE_MANIFEST": str(manifest),
        "PYTHONPATH": str(runfile("tools/coverage")),
    }


def run_sample(environment: dict[str, str], argument: str) -> None:
    command = [sys.executable, str(program(SAMPLE)), argument]
    subprocess.run(command, env=environment, check=True, timeout=30)


def report_of(folder: Path) -> lcov.Hits:
    output = folder / "coverage.dat"
    command = [
        str(program("tools/coverage/test_report")),
        f"--coverage_dir={folder}",
        f"--output_file={output}",
        f"--source_file_manifest={folder / 'manifest'}",
        "--filter_sources=/usr/lib/.+",
    ]
    subprocess.run(command, check=True, timeout=30)
    return lcov.read(output)


def run_lines(hits: lcov.Hits) -> set[int]:
    return {line for line, count in hits[SAMPLE].items() if count}


def test_lines_of_several_processes_come_together(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    run_sample(environment, "first")
    run_sample(environment, "second")
    hits = report_of(tmp_path)
    assert tuple(hits[SAMPLE]) == STATEMENTS
    assert run_lines(hits) == {3, 5, 6, 8, 9}


def test_a_branch_that_no_process_took_is_not_run(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    run_sample(environment, "first")
    assert run_lines(report_of(tmp_path)) == {3, 5, 6, 9}


def test_a_file_that_nothing_imported_counts_as_not_run(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    run_sample(environment, "first")
    lines = report_of(tmp_path)[UNUSED]
    assert lines
    assert not any(lines.values())


def test_a_program_that_nothing_is_asked_of_counts_nothing(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    (tmp_path / "manifest").write_text("")
    run_sample(environment, "first")
    assert not list(tmp_path.glob(".coverage*"))


def test_the_reports_of_all_tests_come_together(tmp_path: Path) -> None:
    one, other, both = (tmp_path / name for name in ("one", "other", "both"))
    lcov.write({"a.py": {1: 1, 2: 0}, "b.py": {1: 0}, "empty.py": {}}, one)
    lcov.write({"a.py": {1: 2, 2: 1}}, other)
    (tmp_path / "list").write_text(f"{one}\n{other}\n")
    command = [
        str(program("tools/coverage/combined_report")),
        f"--reports_file={tmp_path / 'list'}",
        f"--output_file={both}",
    ]
    subprocess.run(command, check=True, timeout=30)
    assert lcov.read(both) == {"a.py": {1: 3, 2: 1}, "b.py": {1: 0}, "empty.py": {}}
