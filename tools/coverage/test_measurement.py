"""From processes with counted lines to the report of a test and of all tests."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import coverage
import pytest

SAMPLE = "tools/coverage/sample.py"
UNUSED = "tools/coverage/combined_report.py"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """The environment of a program under `bazel coverage`, as set by Bazel and its start script."""
    manifest = tmp_path / "manifest"
    manifest.write_text(f"{SAMPLE}\n{UNUSED}\n")
    return os.environ | {
        "COVERAGE_DIRECTORY": str(tmp_path),
        "COVERAGE_MANIFEST": str(manifest),
        "PYTHONPATH": str(Path("tools/coverage").absolute()),
    }


def run_sample(environment: dict[str, str], argument: str) -> None:
    command = [sys.executable, SAMPLE, argument]
    subprocess.run(command, env=environment, check=True, timeout=30)


def report_of(folder: Path) -> dict[str, list[int]]:
    """The executed lines by file. A docstring counts here, but not in a report."""
    output = folder / "coverage.dat"
    command = [
        "tools/coverage/test_report",
        f"--coverage_dir={folder}",
        f"--output_file={output}",
        f"--source_file_manifest={folder / 'manifest'}",
        "--filter_sources=/usr/lib/.+",
    ]
    subprocess.run(command, check=True, timeout=30)
    return read(output)


def read(file: Path) -> dict[str, list[int]]:
    data = coverage.CoverageData(str(file))
    data.read()
    return {name: sorted(data.lines(name) or []) for name in sorted(data.measured_files())}


def write(file: Path, lines: dict[str, list[int]]) -> None:
    data = coverage.CoverageData(str(file))
    data.add_lines(lines)
    data.touch_files(lines)
    data.write()


def test_lines_of_several_processes_come_together(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    run_sample(environment, "first")
    run_sample(environment, "second")
    assert report_of(tmp_path)[SAMPLE] == [1, 3, 4, 6, 7, 9, 10, 12]


def test_a_branch_that_no_process_took_is_not_run(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    run_sample(environment, "first")
    assert report_of(tmp_path)[SAMPLE] == [1, 3, 4, 6, 7, 10, 12]


def test_a_file_that_nothing_imported_counts_as_not_run(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    run_sample(environment, "first")
    assert report_of(tmp_path)[UNUSED] == []


def test_a_program_that_nothing_is_asked_of_counts_nothing(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    (tmp_path / "manifest").write_text("")
    run_sample(environment, "first")
    assert not list(tmp_path.glob(".coverage*"))
    assert report_of(tmp_path) == {}


def test_a_process_that_a_signal_ends_has_counted(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    command = [sys.executable, SAMPLE, "waits"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as process:
        assert process.stdout
        lines = iter(process.stdout.readline, b"")
        assert b"waiting\n" in lines
        process.terminate()
    assert process.returncode == -signal.SIGTERM
    assert 13 in report_of(tmp_path)[SAMPLE]


def test_the_reports_of_all_tests_come_together(tmp_path: Path) -> None:
    one, other, both = (tmp_path / name for name in ("one", "other", "both"))
    write(one, {"a.py": [1], "b.py": [], "empty.py": []})
    write(other, {"a.py": [1, 2]})
    failed = tmp_path / "failed"
    failed.touch()
    (tmp_path / "list").write_text(f"{one}\n{failed}\n{other}\n")
    command = [
        "tools/coverage/combined_report",
        f"--reports_file={tmp_path / 'list'}",
        f"--output_file={both}",
    ]
    subprocess.run(command, check=True, timeout=30)
    assert read(both) == {"a.py": [1, 2], "b.py": [], "empty.py": []}
