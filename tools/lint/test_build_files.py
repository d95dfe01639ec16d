"""Targets are read from BUILD files as Bazel reads them."""

from pathlib import Path

import pytest

from tools.lint.build_files import Target, requirement, targets_in, whole_label


def read(workspace: Path, **files: str) -> dict[str, Target]:
    """The targets of BUILD files, by the name of the package."""
    for package, text in files.items():
        (workspace / package).mkdir(exist_ok=True)
        (workspace / package / "BUILD.bazel").write_text(text)
    return targets_in(workspace, map(Path, files))


def test_a_rule_notes_its_attributes(tmp_path: Path) -> None:
    found = read(tmp_path, a='py_library(name = "b", srcs = ["c.py"], deps = [":d", "//e"])')
    target = found["//a:b"]
    assert (target.label, target.rule) == ("//a:b", "py_library")
    assert target.labels("srcs") == ["//a:c.py"]
    assert target.labels("deps") == ["//a:d", "//e:e"]
    assert target.labels("data") == []
    alias = read(tmp_path, b='alias(name = "c", actual = "//a:b")')["//b:c"]
    assert alias.labels("actual") == ["//a:b"]


def test_a_call_without_a_name_is_no_target(tmp_path: Path) -> None:
    assert not read(tmp_path, a='package(default_visibility = ["//b"])\nexports_files(["c"])')


def test_loops_make_targets(tmp_path: Path) -> None:
    text = '[alias(name = name, actual = "//b:" + name) for name in ["c", "d"]]'
    assert read(tmp_path, a=text).keys() == {"//a:c", "//a:d"}


def test_a_macro_declares_what_it_declares_in_bazel(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "macro.bzl").write_text("""
load("@pypi//:requirements.bzl", "requirement")
load("@rules_python//python:defs.bzl", "py_test")

_rule = rule(implementation = lambda ctx: [DefaultInfo()], attrs = {"x": attr.label()})

def macro(name, deps = [], **kwargs):
    if native.glob([name + ".py"], allow_empty = True):
        py_test(
            name = name,
            srcs = [Label("//b:main.py"), Label(":beside.py")],
            deps = deps + [requirement("PyJWT")],
            **kwargs
        )
    _rule(name = native.package_name() + "_other", x = ":" + name)
""")
    text = 'load("//b:macro.bzl", m = "macro")\nm(name = "c", deps = ["//d"])\nm(name = "e")\n'
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "c.py").touch()
    found = read(tmp_path, a=text)
    assert {label: target.rule for label, target in found.items()} == {
        "//a:c": "py_test",
        "//a:a_other": "rule",
    }
    assert found["//a:c"].labels("srcs") == ["//b:main.py", "//b:beside.py"]
    assert found["//a:c"].labels("deps") == ["//d:d", 'requirement("pyjwt")']


def test_a_glob_ends_at_other_packages(tmp_path: Path) -> None:
    for name in ("a/one.py", "a/test_two.py", "a/b/three.py", "a/c/four.py", "a/b/BUILD.bazel"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    text = 'filegroup(name = "x", srcs = glob(["**/*.py"], exclude = ["test_*.py"]))'
    assert read(tmp_path, a=text)["//a:x"].attributes["srcs"] == ["c/four.py", "one.py"]


def test_packages_below_are_counted(tmp_path: Path) -> None:
    (tmp_path / "a" / "no_package").mkdir(parents=True)
    (tmp_path / "a" / "b").mkdir()
    (tmp_path / "a" / "b" / "BUILD.bazel").touch()
    text = 'x(name = "x", srcs = ["//a/" + name for name in subpackages(include = ["*"])])'
    assert read(tmp_path, a=text)["//a:x"].labels("srcs") == ["//a/b:b"]


def test_all_branches_of_a_select_count(tmp_path: Path) -> None:
    text = 'x(name = "x", deps = [":a"] + select({":is_b": [":b"], "//conditions:default": []}))'
    assert read(tmp_path, a=text)["//a:x"].labels("deps") == ["//a:a", "//a:b"]


def test_code_of_a_contract_is_a_rules(tmp_path: Path) -> None:
    text = """
load("//bazel:python_grpc_library.bzl", "python_grpc_library")
python_grpc_library(name = "x_py_grpc", protos = [":x_proto"])
"""
    assert read(tmp_path, a=text)["//a:x_py_grpc"].rule == "python_grpc_library"


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("b", "//a:b"),
        (":b", "//a:b"),
        ("//b/c", "//b/c:c"),
        ("//b/c:d", "//b/c:d"),
        ("@//b:c", "//b:c"),
        ("@pypi//:c", "@pypi//:c"),
        (requirement("Ruamel.YAML"), 'requirement("ruamel-yaml")'),
    ],
)
def test_a_label_has_short_forms(text: str, whole: str) -> None:
    assert whole_label(text, "a") == whole


def test_what_is_no_starlark_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SyntaxError) as raised:
        read(tmp_path, a="x(name = ")
    assert raised.value.filename == "a/BUILD.bazel"
