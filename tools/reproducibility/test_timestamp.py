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
        env=os.environ | author | _home(folder.parent) | {"BUILD_WORKSPACE_DIRECTORY": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


def _home(folder: Path) -> dict[str, str]:
    """A home with an rc file that would stop Bazel. bazelw's cache stays where it is."""
    (folder / "home").mkdir(exist_ok=True)
    (folder / "home/.bazelrc").write_text("common --no_such_flag\n")
    cache = os.environ.get("XDG_CACHE_HOME", f"{os.environ['HOME']}/.cache")
    return {"HOME": str(folder / "home"), "XDG_CACHE_HOME": cache}


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


def _check(workspace: Path, target: str) -> "subprocess.CompletedProcess[str]":
    program = Path("tools/reproducibility/reproducibility").absolute()
    result = _run(workspace, program, "--scratch", workspace.parent, target)
    # Nothing is left of the builds.
    assert {path.name for path in workspace.parent.iterdir()} == {"home", "workspace"}
    return result


def test_a_timestamp_is_found(workspace: Path) -> None:
    result = _check(workspace, "//:all")
    assert result.returncode == 1, result.stderr
    lines = result.stdout.splitlines()
    differences = [line.partition(" ")[2] for line in lines if line.startswith("DIFFERENT")]
    of_files, of_actions = differences[:2], differences[2:]
    assert [line.partition(" with ")[0] for line in of_files] == [
        "k8-fastbuild/bin/after.txt: a program",
        "k8-fastbuild/bin/moment.txt: a program",
    ]
    assert of_actions == [
        f"Genrule of //:after for {_BIN}/after.txt: other {_AFTER}",
        f"Genrule of //:moment for {_BIN}/moment.txt: other {_MOMENT}",
    ]
    assert "3 actions compared, 4 differences" in lines[-1]


def test_a_failed_build_is_said(workspace: Path) -> None:
    result = _check(workspace, "//:missing")
    assert result.returncode == 1
    assert "no such target '//:missing'" in result.stderr
