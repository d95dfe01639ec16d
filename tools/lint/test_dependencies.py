"""What //tools/lint:dependencies says of wrong targets, and of right ones."""

from pathlib import Path

import pytest

from tools.lint.build_files import requirement, targets_in
from tools.lint.dependencies import Check, imports_in, unowned
from tools.lint.packages import Package, installed_packages, module_name
from tools.lint.python_targets import PythonTarget, python_targets

PACKAGES = [
    Package(requirement("click"), frozenset({"click"}), is_pytest_plugin=False),
    Package(requirement("grpcio"), frozenset({"grpc"}), is_pytest_plugin=False),
    Package(requirement("pytest"), frozenset({"pytest"}), is_pytest_plugin=False),
    Package(requirement("pytest-timeout"), frozenset({"pytest_timeout"}), is_pytest_plugin=True),
]

BUILD = """
load("@pypi//:requirements.bzl", "requirement")
load("//bazel:python_grpc_library.bzl", "python_grpc_library")

py_library(name = "undeclared", srcs = ["undeclared.py"])
py_library(name = "transitive", srcs = ["transitive.py"], deps = [":unused"])
py_library(name = "unknown", srcs = ["unknown.py"])
py_library(name = "unused", srcs = ["unused.py"], deps = [":undeclared", requirement("grpcio")])
py_library(name = "right", srcs = [":files"], deps = [":alias", ":code", requirement("grpcio")])
py_test(name = "test", srcs = ["test.py"], deps = [
    requirement("pytest"),
    requirement("pytest-timeout"),
])
py_test(name = "plugin", srcs = ["plugin.py"], deps = [requirement("pytest-timeout")])
filegroup(name = "files", srcs = ["right.py", "written_by_an_action.py"])
alias(name = "alias", actual = ":unknown")
proto_library(name = "proto", srcs = ["x.proto", "y.proto"])
python_grpc_library(name = "code", protos = [":proto"])
"""

SOURCES = {
    "undeclared.py": "def lazily() -> None:\n    import click",
    "transitive.py": "import a.undeclared",
    "unknown.py": "from nowhere import something",
    "unused.py": "import json",
    "right.py": "from a import unknown, x_pb2, x_pb2_grpc\nimport grpc",
    "test.py": "import pytest",
    "plugin.py": "",
    "x.proto": 'syntax = "proto3";\nimport "a/y.proto";\nimport public "b/z.proto";',
    "y.proto": 'syntax = "proto3";',
}


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "BUILD.bazel").write_text(BUILD)
    for name, text in SOURCES.items():
        (tmp_path / "a" / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def targets(workspace: Path) -> list[PythonTarget]:
    return python_targets(targets_in(workspace, [Path("a")]))


@pytest.fixture
def found(targets: list[PythonTarget]) -> list[str]:
    return sorted(Check(targets, PACKAGES).complaints())


def test_an_import_within_a_function_needs_a_dependency(found: list[str]) -> None:
    line = 'a/undeclared.py:2: //a:undeclared imports click; add requirement("click") to its deps'
    assert line in found


def test_a_dependency_of_a_dependency_is_not_enough(found: list[str]) -> None:
    assert (
        "a/transitive.py:1: //a:transitive imports a.undeclared; add //a:undeclared to its deps"
    ) in found


def test_a_module_that_nothing_provides(found: list[str]) -> None:
    assert (
        "a/unknown.py:1: //a:unknown imports nowhere;"
        " no target here provides it: is it in requirements.in?"
    ) in found


def test_a_contract_needs_those_it_imports(found: list[str]) -> None:
    (line,) = [line for line in found if "//a:code" in line]
    assert line.startswith("a/x.proto:3: //a:code imports b.z_pb2; no target here provides it")


def test_unused_dependencies(found: list[str]) -> None:
    assert [line for line in found if "imports nothing of" in line] == [
        '//a:plugin imports nothing of requirement("pytest-timeout"): remove it from its deps',
        "//a:transitive imports nothing of //a:unused: remove it from its deps",
        "//a:unused imports nothing of //a:undeclared: remove it from its deps",
        '//a:unused imports nothing of requirement("grpcio"): remove it from its deps',
    ]


def test_a_right_target_has_no_message(found: list[str]) -> None:
    assert not [line for line in found if "//a:right" in line or "//a:test" in line]


def test_a_program_is_no_dependency() -> None:
    program = PythonTarget("//a:program", deps=(), is_program=True)
    test = PythonTarget("//a:test", deps=(program.label,), has_unimported=True)
    found = Check([program, test], []).complaints()
    assert list(found) == ["//a:test depends on the program //a:program: depend on a py_library"]


def test_a_file_of_no_target(targets: list[PythonTarget]) -> None:
    files = [Path("a/right.py"), Path("a/stub.pyi"), Path("b/missed.py")]
    assert list(unowned(files, targets)) == ["b/missed.py is in the srcs of no Python target"]


def test_packages_are_those_of_the_program() -> None:
    found = {package.label: package for package in installed_packages()}
    assert "pytest.__main__" in found[requirement("pytest")].modules
    assert not found[requirement("pytest")].is_pytest_plugin
    assert found[requirement("pytest-timeout")].is_pytest_plugin


@pytest.mark.parametrize(
    ("file", "module"),
    [("x/__init__.py", "x"), ("x/y.py", "x.y"), ("x/y.cpython-311-x86_64-linux-gnu.so", "x.y")],
)
def test_a_file_is_a_module(file: str, module: str) -> None:
    assert module_name(Path(file)) == module


def test_relative_imports(workspace: Path) -> None:
    (workspace / "a" / "b").mkdir()
    file = Path("a/b/c.py")
    file.write_text("from . import d\nfrom ..e import f\n")
    names = [found.names for found in imports_in(file)]
    assert names == [("a.b.d", "a.b"), ("a.e.f", "a.e")]
