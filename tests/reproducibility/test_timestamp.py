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
_BAZELW = [".bazelrc", ".bazelversion", "bazelw", "tools/bazel"]


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
    different = [line for line in result.stdout.splitlines() if line.startswith("DIFFERENT")]
    name, by = "bazel-out/k8-fastbuild/bin/", "Genrule of //:"
    assert different == [
        f"DIFFERENT {name.removeprefix('bazel-out/')}after.txt: the program has another content",
        f"DIFFERENT {name.removeprefix('bazel-out/')}moment.txt: the program has another content",
        f"DIFFERENT {by}after for {name}after.txt: other actualOutputs ({name}after.txt), digest,"
        f" inputs ({name}moment.txt)",
        f"DIFFERENT {by}moment for {name}moment.txt: other actualOutputs ({name}moment.txt)",
    ]
    assert "3 actions compared, 4 differences" in result.stdout.splitlines()[-1]
    assert [path.name for path in workspace.parent.iterdir()] == ["workspace"]
