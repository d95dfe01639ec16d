"""What //tools/lint:dependencies says of the wrong targets in this folder's BUILD file."""

from pathlib import Path

import pytest

from tools.lint.dependencies import Target, complaints, imports_in, targets_in


@pytest.fixture(scope="module")
def found() -> list[str]:
    manifest = Path("tools/lint/wrong.manifest").read_text(encoding="utf-8")
    return sorted(complaints(targets_in(manifest)))


def test_an_import_within_a_function_needs_a_dependency(found: list[str]) -> None:
    assert (
        "tools/lint/undeclared.py:2: //tools/lint:undeclared imports click; "
        "add @pypi_click//:pkg to its deps"
    ) in found


def test_a_dependency_of_a_dependency_is_not_enough(found: list[str]) -> None:
    assert (
        "tools/lint/transitive.py:1: //tools/lint:transitive imports tools.lint.undeclared; "
        "add //tools/lint:undeclared to its deps"
    ) in found


def test_a_module_that_nothing_provides(found: list[str]) -> None:
    assert (
        "tools/lint/unknown.py:1: //tools/lint:unknown imports nowhere;"
        " no target here provides it: is it in requirements.in?"
    ) in found


def test_unused_dependencies(found: list[str]) -> None:
    assert [line for line in found if "imports nothing of" in line] == [
        "//tools/lint:transitive imports nothing of //tools/lint:unused: remove it from its deps",
        "//tools/lint:unused imports nothing of //tools/lint:undeclared: remove it from its deps",
        "//tools/lint:unused imports nothing of @pypi_grpcio//:pkg: remove it from its deps",
    ]


def test_a_program_is_no_dependency() -> None:
    program = Target("//a:program", kinds=["py_binary"])
    test = Target("//a:test", deps=[program.label], tags=["unimported-deps"])
    found = complaints({target.label: target for target in (program, test)})
    assert list(found) == ["//a:test depends on the program //a:program: depend on a py_library"]


def test_nothing_is_said_of_a_right_target(found: list[str]) -> None:
    assert not [line for line in found if "tools/lint:right" in line]


def test_modules_lie_below_the_import_roots() -> None:
    files = ["../pypi_x/site-packages/x/__init__.py", "../pypi_x/site-packages/x/y.abi3.so"]
    target = Target("@pypi_x//:pkg", roots=["../pypi_x/site-packages"], files=files)
    assert target.modules() == {"x", "x.y"}


def test_relative_imports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a/b").mkdir(parents=True)
    Path("a/b/c.py").write_text("from . import d\nfrom ..e import f\n", encoding="utf-8")
    names = [found.names for found in imports_in("a/b/c.py")]
    assert names == [("a.b.d", "a.b"), ("a.e.f", "a.e")]
