"""The report against its limit."""

import os
import subprocess
from pathlib import Path

import coverage
import pytest

SOURCE = "def wanted():\n    return 1\n\n\ndef unwanted():\n    return 2\n"
THREE_OF_FOUR = [1, 2, 5]
FOLDER = "bazel-out/_coverage"
REPORT = f"{FOLDER}/_coverage_report.dat"


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A workspace with one file of four lines. Three of them were executed."""
    for folder in ("sample", FOLDER):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "sample/known.py").write_text(SOURCE)
    write_report(tmp_path, {"sample/known.py": THREE_OF_FOUR})
    return tmp_path


def write_report(folder: Path, lines: dict[str, list[int]]) -> None:
    data = coverage.CoverageData(str(folder / REPORT))
    data.erase()
    data.add_lines(lines)
    data.write()


def check(workspace: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["tools/coverage/coverage", *arguments],
        env=os.environ | {"BUILD_WORKSPACE_DIRECTORY": str(workspace)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_a_known_file_has_the_known_figure(workspace: Path) -> None:
    result = check(workspace, "--limit=75", "sample")
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines()[2].split() == ["sample/known.py", "4", "1", "75%", "6"]


def test_below_the_limit_it_fails_and_names_the_lines(workspace: Path) -> None:
    result = check(workspace, "--limit=75.1", "sample")
    assert result.returncode == 1
    assert "75%   6" in result.stdout
    assert "sample/: 75.0 % of the lines are run, 75.1 % are the least" in result.stderr


def test_one_good_folder_does_not_make_up_for_another(workspace: Path) -> None:
    (workspace / "good").mkdir()
    (workspace / "good/all.py").write_text("A = 1\n" * 100)
    write_report(workspace, {"sample/known.py": THREE_OF_FOUR, "good/all.py": [*range(1, 101)]})
    result = check(workspace, "good", "sample")
    assert result.returncode == 1
    assert "sample/" in result.stderr
    assert "good/" not in result.stderr


def test_a_file_that_no_test_has_to_do_with_fails(workspace: Path) -> None:
    (workspace / "sample/forgotten.py").write_text("A = 1\n")
    result = check(workspace, "--limit=75", "sample")
    assert result.returncode == 1
    assert "sample/forgotten.py is in no program that the tests start or import" in result.stderr


def test_the_pages_show_the_file(workspace: Path) -> None:
    check(workspace, "--limit=75", "sample")
    assert "known.py" in (workspace / FOLDER / "html/index.html").read_text()


def test_the_lcov_file_has_the_lines(workspace: Path) -> None:
    check(workspace, "--limit=75", "sample")
    lines = (workspace / FOLDER / "lcov.info").read_text().splitlines()
    assert "SF:sample/known.py" in lines
    assert [line[:6] for line in lines if line.startswith("DA:")] == [
        "DA:1,1",
        "DA:2,1",
        "DA:5,1",
        "DA:6,0",
    ]


def test_a_report_that_is_none_fails(workspace: Path) -> None:
    (workspace / REPORT).write_text("SF:sample/known.py")
    result = check(workspace, "sample")
    assert result.returncode == 1
    assert "_coverage_report.dat" in result.stderr
    assert "Traceback" not in result.stderr


def test_without_a_report_it_says_what_writes_it(workspace: Path) -> None:
    (workspace / REPORT).unlink()
    result = check(workspace, "sample")
    assert result.returncode == 1
    assert f"there is no {REPORT}: ./bazelw coverage //... writes it" in result.stderr


def test_a_folder_that_was_not_measured_fails(workspace: Path) -> None:
    result = check(workspace, "smaple")
    assert result.returncode == 1
    assert "smaple" in result.stderr
