"""The gates find all files of the workspace by kind, except those in .gitignore."""

from pathlib import Path

import pytest

from tools.lint.workspace import files_in, find_workspace

KINDS = ("other", "proto", "python", "shell", "starlark")


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    (tmp_path / ".gitignore").write_text("/bazel-*\n*_pb2.py\n/.venv/\n__pycache__/\n")
    return tmp_path


def write(workspace: Path, name: str, text: str = "") -> None:
    file = workspace / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("no/package/lists/this.py", "", "python"),
        ("a.pyi", "", "python"),
        ("run", "#!/usr/bin/env python3\n", "python"),
        ("a.sh", "", "shell"),
        ("run", "#!/bin/sh\n", "shell"),
        ("run", "#!/usr/bin/env bash\n", "shell"),
        ("a/BUILD.bazel", "", "starlark"),
        ("a.bzl", "", "starlark"),
        ("other.BUILD", "", "starlark"),
        ("WORKSPACE", "", "starlark"),
        ("a.proto", "", "proto"),
        ("page.md", "#!/bin/sh is how a script begins\n", "shell"),
        ("page.md", "A page\n", "other"),
        ("LICENSE", "Apache\n", "other"),
        (".ci/dotted", "", "other"),
    ],
)
def test_a_file_is_of_one_kind(workspace: Path, name: str, text: str, kind: str) -> None:
    write(workspace, name, text)
    kinds = [which for which in KINDS if Path(name) in files_in(workspace, which)]
    assert kinds == [kind]


@pytest.mark.parametrize(
    "name",
    [
        "a/user_pb2.py",
        ".venv/lib/a.py",
        "a/__pycache__/a.py",
        "bazel-out/a.py",
        ".git/hooks/a.py",
        ".git",
    ],
)
def test_what_git_ignores_is_not_there(workspace: Path, name: str) -> None:
    write(workspace, name)
    assert files_in(workspace, *KINDS) == [Path(".gitignore")]


def test_links_are_not_followed(workspace: Path) -> None:
    write(workspace, "a/b.py")
    (workspace / "c").symlink_to("a")
    (workspace / "d.py").symlink_to("nowhere")
    assert files_in(workspace, "python") == [Path("a/b.py")]


def test_a_link_leads_to_the_workspace(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MODULE.bazel", "bazelw", "runfiles/other"):
        write(workspace, name)
    (workspace / "runfiles" / "MODULE.bazel").symlink_to("../MODULE.bazel")
    monkeypatch.chdir(workspace / "runfiles")
    monkeypatch.delenv("BUILD_WORKSPACE_DIRECTORY", raising=False)
    assert find_workspace() == workspace.resolve()


def test_a_copy_is_not_the_workspace(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(workspace, "MODULE.bazel")
    monkeypatch.chdir(workspace)
    monkeypatch.delenv("BUILD_WORKSPACE_DIRECTORY", raising=False)
    with pytest.raises(LookupError, match="is not the workspace: run this test on the machine"):
        find_workspace()
