"""Programs run by the pinned interpreter, for any Python on the host."""

import ast
import os
import platform
import site
import subprocess
import sys
from pathlib import Path

import pytest

# Not resolved: the link leads out of the runfiles. A build of this test alone puts nothing there.
_PROGRAM = Path("tests/build/show_interpreter").absolute()
# By their compiler: Debian's bookworm has one version, WORKSPACE pins the other.
_VERSIONS = {"GCC": "3.11.2", "Clang": "3.11.16"}
_NO_PYTHON_ON_PATH = {"PATH": "/nowhere"}


def _runfiles_interpreters() -> list[Path]:
    return list(Path("..").glob("*python*3_11_*/bin/python3"))


def test_the_version_is_the_pinned_one() -> None:
    assert platform.python_implementation() == "CPython"
    builder = platform.python_compiler().split()[0]
    assert platform.python_version() == _VERSIONS[builder]


def test_pip_ran_with_the_same_interpreter() -> None:
    (file,) = Path("..").glob("*pypi/requirements.bzl")
    lines = file.read_text(encoding="utf-8").splitlines()
    if file.parent.name != "pypi":
        pytest.skip("as a module, rules_python runs pip by the toolchain's interpreter, unasked")
    (line,) = [line for line in lines if line.startswith("_config = ")]
    target: str = ast.literal_eval(line.removeprefix("_config = "))["python_interpreter_target"]
    repository, _, path = target.lstrip("@").partition("//:")
    assert Path("..", repository, path).resolve() == Path(sys.executable).resolve()


def test_the_interpreter_is_among_the_runfiles() -> None:
    (interpreter,) = _runfiles_interpreters()
    assert interpreter.resolve() == Path(sys.executable).resolve()


def test_the_library_is_the_interpreters_own() -> None:
    assert Path(os.__file__).resolve().is_relative_to(Path(sys.executable).resolve().parents[1])


def test_no_package_of_the_users_is_imported() -> None:
    assert site.ENABLE_USER_SITE is False


def test_the_root_of_no_other_repository_is_imported_from() -> None:
    # The standard library comes behind the import path: each place on it costs each import a look.
    runfiles = Path.cwd().parent
    assert [path for path in map(Path, sys.path) if path.parent == runfiles] == [Path.cwd()]


def _shown(command: list[str], cwd: Path, env: dict[str, str]) -> str:
    # Bash has some commands built in. readlink and dirname are the host's.
    result = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def _expected() -> str:
    return str(Path(sys.executable).resolve())


def test_a_program_starts_without_a_python_on_the_host(tmp_path: Path) -> None:
    assert _shown([str(_PROGRAM)], tmp_path, _NO_PYTHON_ON_PATH) == _expected()


def test_a_program_starts_by_a_relative_name() -> None:
    command = [f"./{_PROGRAM.name}"]
    assert _shown(command, _PROGRAM.parent, _NO_PYTHON_ON_PATH) == _expected()


@pytest.mark.parametrize("start", ["/", "."], ids=["absolute", "relative"])
def test_a_program_starts_through_a_link(tmp_path: Path, start: str) -> None:
    link = tmp_path / "link"
    link.symlink_to(_PROGRAM if start == "/" else os.path.relpath(_PROGRAM, tmp_path))
    assert _shown([str(link)], tmp_path, {"PATH": "/usr/bin:/bin"}) == _expected()


def test_a_hostile_environment_does_not_matter(tmp_path: Path) -> None:
    (tmp_path / "pathlib.py").write_text("raise SystemExit(__file__)")
    hostile = {
        "PYTHONHOME": "/nowhere",
        "PYTHONINSPECT": "1",
        "PYTHONPATH": str(tmp_path),
        "PYTHONPLATLIBDIR": "nowhere",
        "PYTHONSTARTUP": "/nowhere",
        "RUNFILES_DIR": "/nowhere",
    }
    assert _shown([str(_PROGRAM)], tmp_path, _NO_PYTHON_ON_PATH | hostile) == _expected()


def test_arguments_and_exit_code_pass_through(tmp_path: Path) -> None:
    result = subprocess.run(
        [_PROGRAM, "--exit", "7", "a b", "*"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 7
    assert result.stdout.splitlines()[1:] == ["a b", "*"]
