"""The programs' --version: the commit, in a release build only."""

import os
import re

from rpc.core.version import VERSION

import pytest

from testing.processes import run_to_end
from tests.support.services import SERVICES

_COMMIT = r" \(commit [0-9a-f]{40}(, with changes)?\)"
_IS_RELEASE = os.environ["IS_RELEASE"] == "1"
_PROGRAMS = ["client", *(f"services/{name}" for name in SERVICES)]


@pytest.mark.parametrize("program", _PROGRAMS)
def test_the_version_of_a_program(program: str) -> None:
    result = run_to_end(program, "--version")
    name = program.rpartition("/")[2]
    expected = re.escape(f"{name}, version {VERSION}") + (_COMMIT if _IS_RELEASE else "") + "\n"
    assert re.fullmatch(expected, result.stdout), result
    assert (result.returncode, result.stderr) == (0, "")
