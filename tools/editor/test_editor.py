"""//tools:editor gives an editor enough: it resolves each import of the workspace."""

import json
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from tools.lint.workspace import files_in, find_workspace

# A test starts in the folder of its runfiles.
RUNFILES = Path.cwd()

GENERATED = {
    f"proto/user_{suffix}" for suffix in ("pb2.py", "pb2.pyi", "pb2_grpc.py", "pb2_grpc.pyi")
}


def edit(workspace: Path) -> str:
    """Runs the program as `bazel run` does, and returns its output."""
    return subprocess.check_output(
        [RUNFILES / "tools" / "editor" / "editor", "--no-venv"],
        cwd=RUNFILES,
        env=os.environ | {"BUILD_WORKSPACE_DIRECTORY": str(workspace)},
        text=True,
    )


def unresolved(workspace: Path) -> list[str]:
    """The imports pyright does not find."""
    ended = subprocess.run(
        [sys.executable, "-m", "basedpyright", "--outputjson"],
        cwd=workspace,
        capture_output=True,
        text=True,
        check=False,
    )
    report = json.loads(ended.stdout)
    assert report["summary"]["filesAnalyzed"] > 300
    return [
        found["message"]
        for found in report["generalDiagnostics"]
        if found["rule"] == "reportMissingImports" or "unknown import symbol" in found["message"]
    ]


def make_packages(workspace: Path) -> None:
    """Makes an environment with the build's packages, instead of downloaded ones."""
    folder = workspace / ".venv"
    venv.create(folder, symlinks=True)
    [packages] = folder.glob("lib/python3*/site-packages")
    for root in sys.path:
        if root.endswith("/site-packages"):
            merge(Path(root), packages)


def merge(source: Path, target: Path) -> None:
    """Links a folder's contents into another one. Packages share folders, as in `google`."""
    for entry in source.iterdir():
        place = target / entry.name
        if not place.exists():
            place.symlink_to(entry)
        elif entry.is_dir():
            if place.is_symlink():
                others = place.readlink()
                place.unlink()
                place.mkdir()
                merge(others, place)
            merge(entry, place)


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python files of the workspace and its settings, as in a checkout."""
    copy = tmp_path_factory.mktemp("workspace")
    workspace = find_workspace()
    for file in [*files_in(workspace, "python"), Path("pyproject.toml")]:
        (copy / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(workspace / file, copy / file)
    return copy


@pytest.fixture
def workspace(sources: Path, tmp_path: Path) -> Path:
    return shutil.copytree(sources, tmp_path / "workspace")


def test_pyright_resolves_each_import(workspace: Path) -> None:
    edit(workspace)
    make_packages(workspace)
    assert unresolved(workspace) == []
    for file in GENERATED:
        (workspace / file).unlink()
    assert any("user_pb2" in message for message in unresolved(workspace))


def test_what_is_made_is_named(workspace: Path) -> None:
    said = {line.partition(" ")[2] for line in edit(workspace).splitlines()}
    assert said >= GENERATED | {str(workspace / ".vscode/settings.json")}
    assert all((workspace / file).is_file() for file in GENERATED)


def test_a_second_run_changes_nothing(workspace: Path) -> None:
    first = edit(workspace)
    before = {file: file.read_bytes() for file in workspace.rglob("*") if file.is_file()}
    assert edit(workspace) == first
    assert before == {file: file.read_bytes() for file in workspace.rglob("*") if file.is_file()}


def test_code_of_a_removed_contract_goes(workspace: Path) -> None:
    stale = workspace / "proto" / "gone_pb2.pyi"
    stale.touch()
    edit(workspace)
    assert not stale.exists()


def test_a_persons_files_stay(workspace: Path) -> None:
    written = workspace / "proto" / "user_pb2_fields.py"
    written.touch()
    edit(workspace)
    assert written.exists()


def test_a_persons_settings_stay(workspace: Path) -> None:
    settings = workspace / ".vscode" / "settings.json"
    settings.parent.mkdir()
    settings.write_text("{}")
    assert "yours, left as it is" in edit(workspace)
    assert settings.read_text() == "{}"
