"""What the check of the remote cache reads, writes and says. The check itself needs a network."""

import json
from pathlib import Path
from typing import Any

import pytest

from tools.own_bazel.bazel import OwnBazel
from tools.remote_cache.checkout import Checkout, ci_flags
from tools.remote_cache.server import CacheServer, configuration
from tools.remote_cache.spawns import executed, read_log, without_interpreter

_PACKAGE = "external/pypi_grpcio/site-packages/grpc/__init__.py"
_INTERPRETER = "external/python3_11_x86_64-unknown-linux-gnu/bin/python3.11"


def entry(runner: str, *inputs: str) -> dict[str, Any]:
    """An entry of the log, as Bazel 7.7.1 writes it, without what nobody reads."""
    return {
        "inputs": [{"path": path, "digest": {"hash": "00"}} for path in inputs],
        "listedOutputs": ["bazel-out/k8-fastbuild/bin/a.txt"],
        "mnemonic": "Genrule",
        "runner": runner,
        "cacheHit": runner.endswith("hit"),
        "targetLabel": "//a",
        "digest": {"hash": "abc", "sizeBytes": "1"},
    }


def log(*entries: dict[str, Any]) -> str:
    return "\n".join(json.dumps(one, indent=2) for one in entries) + "\n"


def test_only_hits_of_the_remote_cache_are_not_executed() -> None:
    runners = ["remote cache hit", "linux-sandbox", "disk cache hit", "remote cache hit"]
    spawns = list(read_log(log(*map(entry, runners))))
    assert [spawn.runner for spawn in spawns] == runners
    assert [spawn.runner for spawn in executed(spawns)] == ["linux-sandbox", "disk cache hit"]
    assert {spawn.digest for spawn in spawns} == {"abc"}


def test_an_executed_spawn_is_named() -> None:
    (spawn,) = read_log(log(entry("linux-sandbox")))
    assert str(spawn) == "Genrule of //a (linux-sandbox): bazel-out/k8-fastbuild/bin/a.txt"


def test_an_empty_log_has_no_spawns() -> None:
    assert list(read_log("")) == []


def test_half_a_log_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"Expecting|Unterminated"):
        list(read_log(log(entry("linux-sandbox"))[:-5]))


@pytest.mark.parametrize(
    ("inputs", "lacking"),
    [
        ([], 0),
        (["a.txt"], 0),
        ([_PACKAGE], 1),
        ([_PACKAGE, _INTERPRETER], 0),
    ],
)
def test_what_runs_python_has_the_interpreter_in_its_key(inputs: list[str], lacking: int) -> None:
    spawns = list(read_log(log(entry("linux-sandbox", *inputs))))
    assert len(without_interpreter(spawns)) == lacking


def test_the_configuration_differs_in_the_address_alone() -> None:
    own = Path("tools/remote_cache/nginx.conf").read_text()
    assert configuration("127.0.0.1:9092").replace(" reuseport;", ";") == own
    assert "listen 127.0.0.1:81 reuseport;" in configuration("127.0.0.1:81")


def test_there_is_one_worker() -> None:
    """Each has a socket of its own, and the check runs one: connections to others would hang."""
    assert "worker_processes 1;" in configuration("127.0.0.1:81")


def test_requests_are_counted_by_method_and_status(tmp_path: Path) -> None:
    lines = ["GET 404 /ac/0 127.0.0.1 now", "PUT 201 /ac/0 127.0.0.1 now"]
    refused = "PUT 403 /ac/0 127.0.0.1 now"
    (tmp_path / "access.log").write_text("\n".join([*lines, refused, refused]) + "\n")
    server = CacheServer(tmp_path, "127.0.0.1:1")
    assert server.requests() == {("GET", 404): 1, ("PUT", 201): 1, ("PUT", 403): 2}
    assert server.puts() == 3


def test_an_entry_is_forgotten(tmp_path: Path) -> None:
    (tmp_path / "files/ac").mkdir(parents=True)
    (tmp_path / "files/ac/abc").touch()
    server = CacheServer(tmp_path, "127.0.0.1:1")
    assert server.knows("abc")
    server.forget("abc")
    assert not server.knows("abc")


def test_ci_writes_and_keeps_no_disk_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ci")
    flags = ci_flags(Path.cwd(), "127.0.0.1:81")
    assert "--remote_cache=http://127.0.0.1:81 --remote_upload_local_results" in flags
    assert "--credential_helper=127.0.0.1=" in flags
    assert "disk" not in flags


def bazelw(folder: Path, text: str) -> Checkout:
    """A checkout with a bazelw of this text."""
    program = folder / "clone/bazelw"
    program.parent.mkdir()
    program.write_text(f"#!/bin/bash\n{text}\n")
    program.chmod(0o755)
    return Checkout(OwnBazel(program.parent, folder / "output"))


def test_a_build_goes_over_the_remote_cache_alone(tmp_path: Path) -> None:
    checkout = bazelw(tmp_path, 'echo "${*:3}" >../call; : >../clone.log')
    assert checkout.build("build", "//...") == []
    assert (tmp_path / "call").read_text().split() == [
        "build",
        "--config=remote-cache",
        f"--execution_log_json_file={tmp_path}/clone.log",
        "--",
        "//...",
    ]


def test_the_log_of_an_earlier_command_is_not_read(tmp_path: Path) -> None:
    checkout = bazelw(tmp_path, "true")
    (tmp_path / "clone.log").write_text(log(entry("linux-sandbox")))
    with pytest.raises(FileNotFoundError):
        checkout.build("build", "//...")
