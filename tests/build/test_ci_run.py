"""The last line and the exit code of .ci/run, with a fake bazelw: it only claims to run tests."""

import shutil
import subprocess
from pathlib import Path

import pytest

_PASSED = '<testcase name="a"/><testcase name="b"></testcase>'
_FAILED = '<testcase name="c"><failure message="&lt;failure"/></testcase>'
_BROKEN = '<testcase name="d"><failure/></testcase><testcase name="e"><error/></testcase>'
_SKIPPED = '<testcase name="f"><skipped/></testcase>'
_LOG = "<system-out><![CDATA[<testcase <failure > <skipped>]]></system-out>"

# The bazelw commands and scripts of .ci/run.
_STEPS = {
    "test": "test //...",
    "slow": "test --config=ci //...",
    "query": "cquery deps(//...)",
    "arm": "build --nobuild --platforms=//tests/build/platforms:linux_aarch64 //...",
    "macos": "build --nobuild --platforms=//tests/build/platforms:macos_aarch64 //...",
    "readme": "run //docs:run_commands -- README.md docs/configuration.md",
    "reproducibility": "run //tools/reproducibility",
}
_SCRIPTS = {
    "release": "tools/release/check.sh",
    "new_service": "tools/new_service/check.sh",
    "interop": "tests/interop/check.sh",
    "image": "deploy/check.sh",
    "observability": "deploy/observability/check.sh",
    "coverage": "tools/coverage/check.sh",
    "remote_cache": "tools/remote_cache/check.sh",
}


class _Checkout:
    """A checkout with a fake bazelw and tests' JUnit files.

    Attributes:
        cwd: the folder that .ci/run is called from.
    """

    def __init__(self, folder: Path) -> None:
        self.cwd = Path("/")
        self._folder = folder
        self._targets: list[str] = []
        (folder / ".ci").mkdir()
        shutil.copy(".ci/run", folder / ".ci/run")

    def add_xml(self, target: str, *cases: str, shard: str = "") -> None:
        path = self._folder / "bazel-testlogs" / target.removeprefix("//").replace(":", "/") / shard
        path.mkdir(parents=True)
        suite = f"<testsuites><testsuite>{''.join(cases)}</testsuite></testsuites>"
        (path / "test.xml").write_text(suite, encoding="utf-8")
        self._targets = sorted({*self._targets, target})

    def forget(self, target: str) -> None:
        """Removes a target from the workspace. Its files stay."""
        self._targets.remove(target)

    def run(self, **codes: int) -> tuple[int, str]:
        """Returns the exit code and the last line.

        Args:
            **codes: exit codes of the steps, by their names in `_STEPS`, or 0 where none is given.
        """
        cases = [f"'{step}') exit {codes.pop(name, 0)} ;;" for name, step in _STEPS.items()]
        query = f"'query tests(//...)') printf '%s\\n' {' '.join(self._targets)} ;;"
        script = "\n".join(['#!/bin/sh\ncase "$*" in', query, *cases, "*) exit 99 ;;", "esac\n"])
        self._write_program("bazelw", script)
        for name, program in _SCRIPTS.items():
            self._write_program(program, f"#!/bin/sh\nexit {codes.pop(name, 0)}\n")
        assert not codes
        command = (self._folder / ".ci/run").relative_to(self.cwd)
        result = subprocess.run(
            [command], cwd=self.cwd, capture_output=True, text=True, check=False
        )
        return result.returncode, result.stdout.splitlines()[-1]

    def _write_program(self, name: str, text: str) -> None:
        program = self._folder / name
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text(text, encoding="utf-8")
        program.chmod(0o755)


@pytest.fixture
def checkout(tmp_path: Path) -> _Checkout:
    return _Checkout(tmp_path)


def test_all_passed(checkout: _Checkout) -> None:
    checkout.add_xml("//a:b", _PASSED)
    assert checkout.run() == (0, "2 passed, 0 failed")


def test_cdpath_leads_nowhere_else(
    checkout: _Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere/.ci").mkdir(parents=True)
    monkeypatch.setenv("CDPATH", str(tmp_path / "elsewhere"))
    checkout.cwd = tmp_path
    checkout.add_xml("//a:b", _PASSED)
    assert checkout.run() == (0, "2 passed, 0 failed")


def test_failures_and_errors_are_failed(checkout: _Checkout) -> None:
    checkout.add_xml("//a:b", _PASSED, _FAILED, _BROKEN)
    assert checkout.run(test=3) == (3, "2 passed, 3 failed")


def test_skipped_is_neither(checkout: _Checkout) -> None:
    checkout.add_xml("//a:b", _PASSED, _SKIPPED)
    assert checkout.run() == (0, "2 passed, 0 failed")


def test_shards_add_up(checkout: _Checkout) -> None:
    checkout.add_xml("//a:b", _PASSED, shard="shard_1_of_2")
    checkout.add_xml("//a:b", _FAILED, shard="shard_2_of_2")
    assert checkout.run(test=3) == (3, "2 passed, 1 failed")


def test_what_stands_in_a_log_is_no_case(checkout: _Checkout) -> None:
    checkout.add_xml("//a:b", _PASSED, _LOG)
    assert checkout.run() == (0, "2 passed, 0 failed")


def test_files_of_a_target_that_is_gone_do_not_count(checkout: _Checkout) -> None:
    checkout.add_xml("//a:b", _PASSED)
    checkout.add_xml("//old", _FAILED)
    checkout.forget("//old")
    assert checkout.run() == (0, "2 passed, 0 failed")


def test_no_tests_at_all(checkout: _Checkout) -> None:
    assert checkout.run(test=4) == (4, "0 passed, 0 failed")


@pytest.mark.parametrize("step", [*_STEPS, *_SCRIPTS])
def test_each_step_can_fail(checkout: _Checkout, step: str) -> None:
    checkout.add_xml("//a:b", _PASSED)
    assert checkout.run(**{step: 5}) == (5, "2 passed, 0 failed")


def test_the_first_exit_code_counts(checkout: _Checkout) -> None:
    checkout.add_xml("//a:b", _FAILED)
    assert checkout.run(test=3, readme=5, release=6) == (3, "0 passed, 1 failed")
