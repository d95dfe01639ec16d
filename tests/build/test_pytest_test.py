"""The promises of `pytest_test`, through Bazel's test protocol, as Bazel uses it."""

import os
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

_RUNNER = Path("bazel/pytest/pytest").resolve()
_THREE_TESTS = """
def test_alpha(): pass
def test_beta(): pass
class TestGamma:
    def test_delta(self): pass
"""
_HANG = "import threading\ndef test_alpha(): threading.Event().wait()"


class _Runner:
    """Runs a test file in its own folder, with the variables of Bazel's protocol."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._xml = folder / "test.xml"

    def run(self, source: str, *args: str, **protocol: str) -> "subprocess.CompletedProcess[str]":
        file = self._folder / "test_sample.py"
        file.write_text(source, encoding="utf-8")
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("TEST", "XML_"))
        }
        return subprocess.run(
            [_RUNNER, file, *args],
            env=inherited | {"BAZEL_TEST": "1", "XML_OUTPUT_FILE": str(self._xml)} | protocol,
            cwd=self._folder,
            capture_output=True,
            text=True,
            check=False,
        )

    def cases(self) -> list[str]:
        """The names of the tests in the last run's JUnit XML."""
        return [case.attrib["name"] for case in self._elements("testcase")]

    def _elements(self, tag: str) -> list[ET.Element]:
        return list(ET.parse(self._xml).iter(tag))

    def failures(self) -> int:
        return len(self._elements("failure"))


@pytest.fixture
def runner(tmp_path: Path) -> _Runner:
    return _Runner(tmp_path)


def test_junit_xml_names_each_test(runner: _Runner) -> None:
    assert runner.run(_THREE_TESTS).returncode == 0
    assert sorted(runner.cases()) == ["test_alpha", "test_beta", "test_delta"]


def test_a_failed_test_fails_the_target_and_is_in_the_xml(runner: _Runner) -> None:
    result = runner.run("def test_alpha(): assert 1 == 2")
    assert result.returncode == 1
    assert runner.failures() == 1
    assert "assert 1 == 2" in result.stdout


@pytest.mark.parametrize("source", ["", "x = 1", "def alpha(): pass"])
def test_a_file_with_no_test_fails(runner: _Runner, source: str) -> None:
    assert runner.run(source).returncode == pytest.ExitCode.NO_TESTS_COLLECTED


@pytest.mark.parametrize(
    ("body", "code"),
    [("os._exit(0)", 1), ("os._exit(3)", 3), ("os.fork() or os._exit(0)", 0)],
)
def test_a_test_that_ends_the_process_fails(runner: _Runner, body: str, code: int) -> None:
    result = runner.run(f"import os\ndef test_alpha(): {body}\ndef test_beta(): pass")
    assert result.returncode == code


def test_a_file_that_cannot_be_imported_fails(runner: _Runner) -> None:
    assert runner.run("import no_such_module\ndef test_alpha(): pass").returncode != 0


@pytest.mark.parametrize(
    ("wanted", "cases"),
    [
        ("test_beta", ["test_beta"]),
        ("alpha or beta", ["test_alpha", "test_beta"]),
        ("not (alpha or beta)", ["test_delta"]),
        ("TestGamma", ["test_delta"]),
        ("TestGamma.test_delta", ["test_delta"]),
        ("TestGamma::test_delta", ["test_delta"]),
        ("TestGamma.test_delta or test_alpha", ["test_alpha", "test_delta"]),
        ("test_sample.test_beta", ["test_beta"]),
        ("tests/test_sample.py::TestGamma::test_delta", ["test_delta"]),
        ("test_sample.py", ["test_alpha", "test_beta", "test_delta"]),
    ],
)
def test_a_filter_chooses_tests(runner: _Runner, wanted: str, cases: list[str]) -> None:
    assert runner.run(_THREE_TESTS, TESTBRIDGE_TEST_ONLY=wanted).returncode == 0
    assert sorted(runner.cases()) == cases


@pytest.mark.parametrize("wanted", ["[1.5]", "test_odd[1.5]", "TestOdd.test_odd[1.5]"])
def test_a_filter_chooses_by_parameters(runner: _Runner, wanted: str) -> None:
    source = """
import pytest
class TestOdd:
    @pytest.mark.parametrize("x", [1.5, 2.5])
    def test_odd(self, x): pass
"""
    assert runner.run(source, TESTBRIDGE_TEST_ONLY=wanted).returncode == 0
    assert runner.cases() == ["test_odd[1.5]"]


@pytest.mark.parametrize("wanted", ["nothing", "TestGamma.test_alpha", "test_alpha.py"])
def test_a_filter_that_selects_nothing_fails(runner: _Runner, wanted: str) -> None:
    result = runner.run(_THREE_TESTS, TESTBRIDGE_TEST_ONLY=wanted)
    assert result.returncode == pytest.ExitCode.NO_TESTS_COLLECTED
    assert f"no test here is as --test_filter={wanted}\n" in result.stderr


@pytest.mark.parametrize(("wanted", "codes"), [("beta", {0}), ("nothing", {5})])
def test_shards_fail_together_at_a_filter(runner: _Runner, wanted: str, codes: set[int]) -> None:
    shards = [{"TEST_SHARD_INDEX": str(index), "TEST_TOTAL_SHARDS": "2"} for index in range(2)]
    runs = [runner.run(_THREE_TESTS, TESTBRIDGE_TEST_ONLY=wanted, **shard) for shard in shards]
    assert {run.returncode for run in runs} == codes


def test_shards_run_each_test_once(runner: _Runner, tmp_path: Path) -> None:
    seen: list[str] = []
    for index in range(8):  # more shards than tests: some are empty
        status = tmp_path / f"shard-{index}"
        result = runner.run(
            _THREE_TESTS,
            TEST_SHARD_INDEX=str(index),
            TEST_TOTAL_SHARDS="8",
            TEST_SHARD_STATUS_FILE=str(status),
        )
        assert result.returncode == 0, result.stdout
        assert status.exists(), "Bazel takes this file for the promise that shards are obeyed"
        seen += runner.cases()
    assert sorted(seen) == ["test_alpha", "test_beta", "test_delta"]


def test_shards_of_a_file_with_no_test_fail(runner: _Runner) -> None:
    shard = {"TEST_SHARD_INDEX": "0", "TEST_TOTAL_SHARDS": "2"}
    assert runner.run("", **shard).returncode == pytest.ExitCode.NO_TESTS_COLLECTED


def test_a_test_that_hangs_ends_with_a_traceback(runner: _Runner) -> None:
    result = runner.run(_HANG, TEST_TIMEOUT="11")
    assert result.returncode == 1
    assert "threading.Event().wait()" in result.stdout


@pytest.mark.parametrize(
    ("given", "limit"),
    [({"TEST_TIMEOUT": "4000"}, 3990), ({"TEST_TIMEOUT": "10"}, 1), ({}, 0)],
)
def test_a_test_has_bazels_time_less_that_of_a_traceback(
    runner: _Runner, given: dict[str, str], limit: int
) -> None:
    source = f"def test_alpha(pytestconfig): assert (pytestconfig.option.timeout or 0) == {limit}"
    result = runner.run(source, **given)
    assert result.returncode == 0, result.stdout


def test_a_limit_that_is_given_wins(runner: _Runner) -> None:
    source = "def test_alpha(pytestconfig): assert pytestconfig.option.timeout == 7"
    result = runner.run(source, "--timeout=7", TEST_TIMEOUT="60")
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(("claim", "code"), [("1 == 1", 0), ("1 == 2", 1)])
def test_a_coroutine_is_a_test(runner: _Runner, claim: str, code: int) -> None:
    config = Path("pyproject.toml").resolve()
    source = f"async def test_alpha(): assert {claim}"
    assert runner.run(source, f"--config-file={config}").returncode == code
