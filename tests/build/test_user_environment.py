"""Packages come from WORKSPACE's sources, for any variables and pip.conf of the user.

The variables of tools/bazelw/user_environment.bazelrc override the user's, as Bazel does it.
Then pip makes a wheel of the result, as rules_python tells it to.
"""

import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pip
import pytest
from pip._internal.commands import create_command

_LINE = re.compile(r"^common --repo_env=(\w+)=(.*)$", re.MULTILINE)
_FIXED = dict(_LINE.findall(Path("tools/bazelw/user_environment.bazelrc").read_text("utf-8")))
_RULES = Path(".bazelrc").read_text("utf-8")

# The user's choices: places of packages, access, time limits, caches.
_PLACES = {"extra-index-url", "find-links", "index-url", "no-index", "pypi-url", "trusted-host"}
_WAYS = {"cert", "client-cert", "keyring-provider", "no-input", "no-proxy-env", "proxy"}
_LIMITS = {"default-timeout", "resume-retries", "retries", "timeout"}
_USERS = _PLACES | _WAYS | _LIMITS | {"cache-dir", "no-cache-dir"}
_PIP = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--requirement=../requirements.txt"]
_STOPPING = {
    "PIP_CONSTRAINT": "/nowhere",
    "PIP_REQUIRE_VENV": "1",
    "PIP_REQUIRE_VIRTUALENV": "1",
    "PYTHONHASHSEED": "nothing",
    "PYTHONHOME": "/nowhere",
    "PYTHONPLATLIBDIR": "nowhere",
    "PYTHONUTF8": "nothing",
}


def pip_options() -> set[str]:
    """The long options of `pip wheel`. Each is a variable, too."""
    options = create_command("wheel").parser._get_all_options()  # noqa: SLF001 (the only list)
    return {name.removeprefix("--") for option in options for name in option._long_opts}  # noqa: SLF001


def python_variables() -> set[str]:
    """The variables listed by the interpreter's help."""
    told = subprocess.run(
        [sys.executable, "--help-env"], stdout=subprocess.PIPE, text=True, check=True
    ).stdout
    return set(re.findall(r"^(PYTHON\w+)", told, re.MULTILINE))


def test_the_list_is_in_force() -> None:
    assert "\nimport %workspace%/tools/bazelw/user_environment.bazelrc\n" in _RULES


def test_an_option_of_pip_is_the_users_or_fixed() -> None:
    variables = {f"PIP_{name.upper().replace('-', '_')}" for name in pip_options() - _USERS}
    assert variables - _FIXED.keys() == set()


def test_what_is_the_users_is_left_alone() -> None:
    assert not {f"PIP_{name.upper().replace('-', '_')}" for name in _USERS} & _FIXED.keys()


def test_a_variable_of_python_is_fixed() -> None:
    assert len(python_variables()) > 20
    assert python_variables() - _FIXED.keys() == set()


def fetch(folder: Path, environment: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
    """Fetches a package called `nothing` from a folder. Puts its wheel into `fetched`."""
    wheel = folder / "nothing-1-py3-none-any.whl"
    info = "nothing-1.dist-info"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: nothing\nVersion: 1\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    (folder / "requirements.txt").write_text("nothing==1\n")
    (folder / "fetched").mkdir()
    # rules_python sets PYTHONPATH.
    path = {"PYTHONPATH": str(Path(pip.__file__).parents[1]), "PIP_NO_INDEX": "1"}
    return subprocess.run(
        [*_PIP, "--find-links", str(folder)],
        cwd=folder / "fetched",
        env={"PATH": os.environ["PATH"], "HOME": str(folder), **environment, **path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def fetched(folder: Path) -> list[str]:
    return [file.name for file in (folder / "fetched").iterdir()]


@pytest.mark.parametrize(("name", "value"), _STOPPING.items())
def test_a_variable_that_would_stop_pip(tmp_path: Path, name: str, value: str) -> None:
    assert fetch(tmp_path, {name: value}).returncode != 0


def test_all_variables_at_once_do_not(tmp_path: Path) -> None:
    hostile = dict.fromkeys(_FIXED, "/nowhere") | _STOPPING
    result = fetch(tmp_path, hostile | _FIXED)
    assert result.returncode == 0, result.stdout
    assert fetched(tmp_path) == ["nothing-1-py3-none-any.whl"]


@pytest.mark.parametrize("line", ["require-virtualenv = true", "constraint = /nowhere"])
def test_a_pip_conf_that_would_stop_pip_does_not(tmp_path: Path, line: str) -> None:
    config = tmp_path / "pip.conf"
    config.write_text(f"[global]\n{line}\n")
    said = {"PIP_CONFIG_FILE": str(config)}
    assert fetch(tmp_path, said).returncode != 0
    (tmp_path / "fetched").rmdir()
    result = fetch(tmp_path, said | _FIXED)
    assert result.returncode == 0, result.stdout
