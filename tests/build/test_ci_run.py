"""The last line and the exit code of .ci/run, with a bazelw that only says it ran tests."""

import shutil
import subprocess
from pathlib import Path

import pytest

_PASSED = '<testcase name="a"/><testcase name="b"></testcase>'
_FAILED = '<testcase name="c"><failure message="&lt;failure"/></testcase>'
_BROKEN = '<testcase name="d"><failure/></testcase><testcase name="e"><error/></testcase>'
_SKIPPED = '<testcase name="f"><skipped/></testcase>'
_LOG = "<system-out><![CDATA[<testcase <failure > <skipped>]]></system-out>"


class _Checkout:
    """A checkout with a fake bazelw and JUnit files that tests would have left."""

    def __init__(self, folder: Path) -> None:
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
        """Takes a target out of the workspace; its files stay."""
        self._targets.remove(target)

    def run(
        self, *, test_code: int = 0, demo_code: int = 0, release_code: int = 0
    ) -> tuple[int, str]:
        """The exit code and the last line."""
        script = f"""#!/bin/bash
            case "$*" in
              'query tests(//...)') printf '%s\\n' {" ".join(self._targets)} ;;
              'query //:demo') echo //:demo ;;
              'test //...') exit {test_code} ;;
              'run //:demo') exit {demo_code} ;;
              *) exit 99 ;;
            esac
        """
        self._write_program("bazelw", script)
        self._write_program("tools/release/check.sh", f"#!/bin/sh\nexit {release_code}\n")
        result = subprocess.run(
            [self._folder / ".ci/run"], cwd="/", capture_output=True, text=True, check=False
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


def test_failures_and_errors_are_failed(checkout: _Checkout) -> None:
    checkout.add_xml("//a:b", _PASSED, _FAILED, _BROKEN)
    assert checkout.run(test_code=3) == (3, "2 passed, 3 failed")


def test_skipped_is_neither(checkout: _Checkout) -> None:
    checkout.add_xml("//a:b", _PASSED, _SKIPPED)
    assert checkout.run() == (0, "2 passed, 0 failed")


def test_shards_add_up(checkout: _Checkout) -> None:
    checkout.add_xml("//a:b", _PASSED, shard="shard_1_of_2")
    checkout.add_xml("//a:b", _FAILED, shard="shard_2_of_2")
    assert checkout.run(test_code=3) == (3, "2 passed, 1 failed")


def test_what_stands_in_a_log_is_no_case(checkout: _Checkout) -> None:
    checkout.add_xml("//a:b", _PASSED, _LOG)
    assert checkout.run() == (0, "2 passed, 0 failed")


def test_files_of_a_target_that_is_gone_do_not_count(checkout: _Checkout) -> None:
    checkout.add_xml("//a:b", _PASSED)
    checkout.add_xml("//old", _FAILED)
    checkout.forget("//old")
    assert checkout.run() == (0, "2 passed, 0 failed")


def test_no_tests_at_all(checkout: _Checkout) -> None:
    assert checkout.run(test_code=4) == (4, "0 passed, 0 failed")


def test_a_failed_demo_fails(checkout: _Checkout) -> None:
    checkout.add_xml("//a:b", _PASSED)
    assert checkout.run(demo_code=5) == (5, "2 passed, 0 failed")


def test_a_wrong_release_fails(checkout: _Checkout) -> None:
    checkout.add_xml("//a:b", _PASSED)
    assert checkout.run(release_code=6) == (6, "2 passed, 0 failed")


def test_the_exit_code_of_the_tests_comes_first(checkout: _Checkout) -> None:
    checkout.add_xml("//a:b", _FAILED)
    assert checkout.run(test_code=3, demo_code=5, release_code=6) == (3, "0 passed, 1 failed")
