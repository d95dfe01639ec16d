"""The report against its limit."""

import os
import subprocess
from pathlib import Path

import coverage
import pytest

SOURCE = "def wanted():\n    return 1\n\n\ndef unwanted():\n    return 2\n"
ALL_LINES = [1, 2, 5, 6]
FOLDER = "bazel-out/_coverage"
REPORT = f"{FOLDER}/_coverage_report.dat"
FILES = ("client/known.py", "rpc/known.py", "services/known.py")


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A workspace with a file of four lines in each folder. All of them were executed."""
    for file in (*FILES, REPORT):
        (tmp_path / file).parent.mkdir(parents=True)
    for file in FILES:
        (tmp_path / file).write_text(SOURCE)
    write_report(tmp_path, dict.fromkeys(FILES, ALL_LINES))
    return tmp_path


def write_report(folder: Path, lines: dict[str, list[int]]) -> None:
    data = coverage.CoverageData(str(folder / REPORT))
    data.erase()
    data.add_lines(lines)
    data.write()


def check(workspace: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["tools/coverage/coverage"],
        env=os.environ | {"BUILD_WORKSPACE_DIRECTORY": str(workspace)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_what_is_run_passes_and_is_shown(workspace: Path) -> None:
    result = check(workspace)
    assert result.returncode == 0, result.stderr
    assert "known.py" in (workspace / FOLDER / "html/index.html").read_text()
    lines = (workspace / FOLDER / "lcov.info").read_text().splitlines()
    assert [line for line in lines if line.startswith("SF:")] == [f"SF:{file}" for file in FILES]
    assert "DA:6,1" in lines


def test_one_good_folder_does_not_make_up_for_another(workspace: Path) -> None:
    (workspace / "rpc/long.py").write_text("A = 1\n" * 1000)
    all_run = dict.fromkeys(FILES, ALL_LINES) | {"rpc/long.py": [*range(1, 1001)]}
    write_report(workspace, all_run | {"services/known.py": [1, 2, 5]})
    result = check(workspace)
    assert result.returncode == 1
    known = [line.split() for line in result.stdout.splitlines() if "services/known.py" in line]
    assert known == [["services/known.py", "4", "1", "75.0%", "6"]]
    assert "total of 75.0 is less than fail-under=95.0" in result.stdout + result.stderr


def test_a_file_that_no_test_has_to_do_with_fails(workspace: Path) -> None:
    (workspace / "client/forgotten.py").write_text("A = 1\n")
    (workspace / "client/test_tests.py").write_text("A = 1\n")
    result = check(workspace)
    assert result.returncode == 1
    assert [line for line in result.stderr.splitlines() if "is in no program" in line] == [
        "client/forgotten.py is in no program that the tests start or import: test it"
    ]


def test_a_folder_that_was_not_measured_fails(workspace: Path) -> None:
    write_report(workspace, dict.fromkeys(FILES[:2], ALL_LINES))
    result = check(workspace)
    assert result.returncode == 1
    assert "services/known.py is in no program" in result.stderr


def test_a_report_that_is_none_fails(workspace: Path) -> None:
    (workspace / REPORT).write_text("SF:rpc/known.py")
    result = check(workspace)
    assert result.returncode == 1
    assert "_coverage_report.dat" in result.stderr
    assert "Traceback" not in result.stderr


def test_without_a_report_it_says_what_writes_it(workspace: Path) -> None:
    (workspace / REPORT).unlink()
    result = check(workspace)
    assert result.returncode == 1
    assert f"there is no {REPORT}: ./bazelw coverage //... writes it" in result.stderr
