"""The copy of the workspace: as many services as wanted, each of them a whole one."""

import ast
from pathlib import Path

import pytest

from bench.scale.workspace import CHAIN, add_services, copy_checkout

_RULES = ["proto_library", "python_grpc_library", "py_binary", "pytest_test"]


def packages(workspace: Path) -> list[Path]:
    return sorted(file.parent for file in workspace.glob("*/BUILD.bazel"))


def calls(build_file: Path) -> list[ast.Call]:
    """The calls of a BUILD file, whose syntax is a part of Python's."""
    module = ast.parse(build_file.read_text())
    return [line.value for line in module.body if isinstance(line.value, ast.Call)]  # type: ignore[attr-defined]


def rule(call: ast.Call) -> str:
    assert isinstance(call.func, ast.Name)
    return call.func.id


def attribute(call: ast.Call, name: str) -> list[str]:
    """The strings of an attribute, `requirement("…")` left out."""
    for keyword in call.keywords:
        if keyword.arg == name:
            nodes = keyword.value.elts if isinstance(keyword.value, ast.List) else [keyword.value]
            return [str(node.value) for node in nodes if isinstance(node, ast.Constant)]
    return []


@pytest.mark.parametrize("services", [3, 4, 30, 300])
def test_there_are_as_many_services_as_wanted(tmp_path: Path, services: int) -> None:
    add_services(tmp_path, services)
    assert len(packages(tmp_path)) == services - CHAIN


def test_a_workspace_grows(tmp_path: Path) -> None:
    add_services(tmp_path, 4)
    (first,) = packages(tmp_path)
    (first / "user.txt").touch()
    add_services(tmp_path, 6)
    assert [package.name for package in packages(tmp_path)] == [
        "service_0004",
        "service_0005",
        "service_0006",
    ]
    assert (first / "user.txt").exists()


@pytest.fixture
def package(tmp_path: Path) -> Path:
    add_services(tmp_path, 4)
    return tmp_path / "service_0004"


def test_a_service_has_its_contract_program_and_test(package: Path) -> None:
    rules = [call for call in calls(package / "BUILD.bazel") if rule(call) != "load"]
    assert [rule(call) for call in rules] == _RULES
    names = [attribute(call, "name")[0] for call in rules]
    assert all(name.removeprefix("test_").startswith(package.name) for name in names)


def test_what_a_build_file_uses_is_loaded(package: Path) -> None:
    found = calls(package / "BUILD.bazel")
    loaded = {
        argument.value
        for call in found
        if rule(call) == "load"
        for argument in call.args[1:]
        if isinstance(argument, ast.Constant)
    }
    assert loaded == {*_RULES, "requirement"}


def test_labels_and_files_of_a_build_file_are_there(package: Path) -> None:
    found = calls(package / "BUILD.bazel")
    names = {name for call in found for name in attribute(call, "name")}
    named = {
        word
        for call in found
        for key in ("srcs", "deps", "protos")
        for word in attribute(call, key)
    }
    assert {word.removeprefix(":") for word in named if word.startswith(":")} <= names
    files = {word for word in named if word[0] not in ":/"} | {f"test_{package.name}.py"}
    assert files | {"BUILD.bazel"} == {file.name for file in package.iterdir()}


def test_no_placeholder_is_left(package: Path) -> None:
    for file in package.iterdir():
        assert "$" not in file.read_text()
        if file.suffix == ".py":
            compile(file.read_text(), file, "exec")


def test_a_copy_has_what_git_lists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkout, copy = tmp_path / "checkout", tmp_path / "copy"
    (checkout / "rpc").mkdir(parents=True)
    (checkout / "rpc/new.py").write_text("new")
    (checkout / "bazelw").write_text("#!/bin/sh")
    (checkout / "bazelw").chmod(0o755)
    (checkout / "ignored").touch()
    git = tmp_path / "git"
    git.write_text("#!/bin/sh\nprintf 'bazelw\\0rpc/new.py\\0removed.py\\0'\n")
    git.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    copy_checkout(checkout, copy)
    assert sorted(str(file.relative_to(copy)) for file in copy.rglob("*") if file.is_file()) == [
        "bazelw",
        "rpc/new.py",
    ]
    assert (copy / "bazelw").stat().st_mode & 0o111
