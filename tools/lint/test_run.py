"""A gate runs its commands in the workspace, over the files of a kind, until one fails."""

import sys
from pathlib import Path

import pytest

from tools.lint.run import main


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BUILD_WORKSPACE_DIRECTORY", str(tmp_path))
    monkeypatch.setenv("ADVICE", "Do this.")
    (tmp_path / ".gitignore").touch()
    (tmp_path / "a.py").touch()
    (tmp_path / "b.py").touch()
    return tmp_path


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["run.py", *words])
    return main()


@pytest.mark.usefixtures("workspace")
def test_a_kind_stands_for_its_files(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "echo", "x", "{python}", ";", "echo", "y") == 0
    assert capfd.readouterr() == ("x a.py b.py\ny\n", "")


@pytest.mark.usefixtures("workspace")
def test_a_failed_command_is_the_last(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "sh", "-c", "exit 3", ";", "echo", "y") == 3
    assert capfd.readouterr() == ("", "Do this.\n")


def test_commands_run_in_the_workspace(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(monkeypatch, "touch", "c") == 0
    assert (workspace / "c").exists()


@pytest.mark.usefixtures("workspace")
def test_a_gate_over_no_file_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(LookupError, match="has no shell file: remove this gate"):
        run(monkeypatch, "echo", "{shell}")


@pytest.mark.usefixtures("workspace")
def test_a_program_has_a_home(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setenv("TEST_TMPDIR", "/of/the/test")
    assert run(monkeypatch, "printenv", "HOME") == 0
    assert capfd.readouterr().out == "/of/the/test\n"
