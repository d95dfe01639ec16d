"""The check itself, with real Bazels, on a workspace with a timestamp in a generated file."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

_BUILD = """
genrule(name = "stable", outs = ["stable.txt"], cmd = "echo the same >$@")
genrule(name = "moment", outs = ["moment.txt"], cmd = "date +%s.%N >$@")
genrule(name = "after", srcs = ["moment"], outs = ["after.txt"], cmd = "cp $< $@")
"""
_BIN = "bazel-out/k8-fastbuild/bin"
_MOMENT = f"actualOutputs ({_BIN}/moment.txt)"
_AFTER = f"actualOutputs ({_BIN}/after.txt), digest, inputs ({_BIN}/moment.txt)"
_BAZELW = [".bazelrc", ".bazelversion", "bazelw", "tools/bazelw"]


def _run(folder: Path, *command: str | Path) -> "subprocess.CompletedProcess[str]":
    author = {
        f"GIT_{who}_{what}": "x" for who in ["AUTHOR", "COMMITTER"] for what in ["NAME", "EMAIL"]
    }
    return subprocess.run(
        command,
        cwd=folder,
        env=os.environ | author | {"BUILD_WORKSPACE_DIRECTORY": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    folder.mkdir()
    for name in _BAZELW:
        if Path(name).is_dir():
            shutil.copytree(name, folder / name)
        else:
            shutil.copy(name, folder)
    (folder / "WORKSPACE").touch()
    (folder / "BUILD.bazel").write_text(_BUILD, encoding="utf-8")
    for command in [["init", "--quiet"], ["add", "."], ["commit", "--quiet", "--message=x"]]:
        result = _run(folder, "git", *command)
        assert result.returncode == 0, result.stderr
    return folder


def test_a_timestamp_is_found(workspace: Path) -> None:
    program = Path("tools/reproducibility/reproducibility").absolute()
    result = _run(workspace, program, "--scratch", workspace.parent, "//:all")
    assert result.returncode == 1, result.stderr
    lines = result.stdout.splitlines()
    assert [line.removeprefix("DIFFERENT ") for line in lines if "DIFFERENT" in line] == [
        "k8-fastbuild/bin/after.txt: the program has another content",
        "k8-fastbuild/bin/moment.txt: the program has another content",
        f"Genrule of //:after for {_BIN}/after.txt: other {_AFTER}",
        f"Genrule of //:moment for {_BIN}/moment.txt: other {_MOMENT}",
    ]
    assert "3 actions compared, 4 differences" in lines[-1]
    assert [path.name for path in workspace.parent.iterdir()] == ["workspace"]
