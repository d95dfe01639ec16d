"""What //tools/lint:completeness finds missing."""

from pathlib import Path

import pytest

from tools.lint.completeness import complaints


@pytest.fixture(autouse=True)
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def _found(name: str, text: str, *, named: bool = False, in_target: bool = False) -> list[str]:
    Path(name).write_text(text, encoding="utf-8")
    names = {name} if named else set()
    return list(complaints([Path(name)], names, {name} if in_target else set()))


@pytest.mark.parametrize("first", ["#!/bin/sh", "#!/usr/bin/env bash", "#!/usr/bin/python3"])
def test_a_script_whose_name_does_not_say_so(first: str) -> None:
    (line,) = _found("run", f"{first}\n")
    assert line.startswith("run: name it in sources(scripts")


def test_a_script_that_is_named() -> None:
    assert not _found("run", "#!/bin/sh\n", named=True)


def test_no_script() -> None:
    assert not _found("LICENSE", "Apache\n")


def test_a_python_file_of_no_target() -> None:
    assert _found("a.py", "") == ["a.py is in the srcs of no Python target"]


def test_a_python_file_of_a_target() -> None:
    assert not _found("a.py", "#!/usr/bin/env python3\n", in_target=True)


@pytest.mark.parametrize("end", ["sources()\n", 'sources(\n    scripts = ["run"],\n)\n'])
def test_sources_comes_last(end: str) -> None:
    assert not _found("BUILD.bazel", f'filegroup(name = "a")\n\n{end}')


@pytest.mark.parametrize("text", ["", "sources()\n\npy_library()\n", "# sources()\n"])
def test_sources_does_not_come_last(text: str) -> None:
    assert _found("BUILD.bazel", text) == ["BUILD.bazel: sources() is not its last statement"]
