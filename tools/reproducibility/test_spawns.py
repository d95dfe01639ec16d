"""What counts as a difference between the processes of two builds."""

import json
from pathlib import Path
from typing import Any

import pytest

from tools.reproducibility.spawns import (
    CacheHitError,
    Spawns,
    compare_spawns,
    read_log,
    without_interpreter,
)

_NAME = "Genrule of //a:b for bazel-out/bin/b"
_PACKAGE = "external/pypi_grpcio/site-packages/grpc/__init__.py"
_INTERPRETER = "external/python3_11_x86_64-unknown-linux-gnu/bin/python3.11"


def _spawn(**changed: Any) -> dict[str, Any]:
    return {
        "mnemonic": "Genrule",
        "targetLabel": "//a:b",
        "listedOutputs": ["bazel-out/bin/b"],
        "cacheHit": False,
        "metrics": {"totalTime": "1s"},
        "inputs": [{"path": "a", "digest": {"hash": "1"}}, {"path": "b", "digest": {"hash": "2"}}],
    } | changed


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log.json"


def _read(log: Path, *spawns: dict[str, Any]) -> Spawns:
    # As Bazel writes it: objects of many lines, with nothing between them.
    log.write_text("".join(json.dumps(spawn, indent=2) for spawn in spawns), encoding="utf-8")
    return read_log(log)


def _differences(log: Path, **changed: Any) -> list[str]:
    return list(compare_spawns(_read(log, _spawn()), _read(log, _spawn(**changed))))


def test_a_log_without_a_process(log: Path) -> None:
    assert _read(log) == {}


def test_all_processes_are_read(log: Path) -> None:
    other = _spawn(listedOutputs=["c"])
    assert list(_read(log, _spawn(), other)) == [_NAME, "Genrule of //a:b for c"]


def test_how_long_it_took_does_not_count(log: Path) -> None:
    assert _differences(log, metrics={"totalTime": "2s"}) == []


def test_another_command(log: Path) -> None:
    assert _differences(log, commandArgs=["x"]) == [f"{_NAME}: other commandArgs"]


def test_another_input_is_named(log: Path) -> None:
    inputs = [{"path": "a", "digest": {"hash": "1"}}, {"path": "b", "digest": {"hash": "3"}}]
    assert _differences(log, inputs=inputs) == [f"{_NAME}: other inputs (b)"]


def test_a_digest_that_one_build_lacks(log: Path) -> None:
    assert _differences(log, digest={"hash": "1"}) == [f"{_NAME}: other digest"]


def test_a_process_of_one_build_only(log: Path) -> None:
    both = [_read(log), _read(log, _spawn())]
    assert list(compare_spawns(*both)) == [f"{_NAME}: run by the second build only"]
    assert list(compare_spawns(*reversed(both))) == [f"{_NAME}: run by the first build only"]


def test_what_comes_from_a_cache_is_refused(log: Path) -> None:
    with pytest.raises(CacheHitError, match="//a:b"):
        _read(log, _spawn(cacheHit=True))


def test_half_a_log_is_an_error(log: Path) -> None:
    log.write_text(json.dumps(_spawn())[:-5], encoding="utf-8")
    with pytest.raises(ValueError, match=r"Expecting|Unterminated"):
        read_log(log)


@pytest.mark.parametrize(
    ("inputs", "named"),
    [
        ([], []),
        (["a.txt"], []),
        ([_PACKAGE], [f"{_NAME}: has no interpreter among its inputs"]),
        ([_PACKAGE, _INTERPRETER], []),
    ],
)
def test_python_without_its_interpreter_is_named(
    log: Path, inputs: list[str], named: list[str]
) -> None:
    spawns = _read(log, _spawn(inputs=[{"path": path} for path in inputs]))
    assert list(without_interpreter(spawns)) == named
