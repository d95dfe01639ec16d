"""Servers started as processes: when they serve, when they do not, and how they end."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from testing.processes import StartError, environment_without_settings, run_to_end, started

_SERVES = """
import pathlib, sys, time
print(sys.argv[1:-2], flush=True)
ready = pathlib.Path(sys.argv[-1])
partial = ready.with_suffix(".partial")
partial.write_text("127.0.0.1:1\\n127.0.0.1:2\\n")
partial.rename(ready)
time.sleep(600)
"""
_HANGS = "import time; print('not yet', flush=True); time.sleep(600)"
_ENDS = "import sys; sys.exit('nonsense')"


def _command(program: str, *arguments: str) -> list[str | Path]:
    return [sys.executable, "-c", program, *arguments]


@pytest.fixture
def sigterm_raises() -> Iterator[type[Exception]]:
    """The exception that SIGTERM raises in the test."""

    class TerminatedError(Exception):
        pass

    def handler(number: int, _: object) -> None:
        raise TerminatedError(number)

    before = signal.signal(signal.SIGTERM, handler)
    yield TerminatedError
    signal.signal(signal.SIGTERM, before)


def test_a_server_that_serves_has_an_address_and_a_log() -> None:
    with started(_command(_SERVES, "--option"), os.environ) as server:
        assert (server.address, server.metrics_address) == ("127.0.0.1:1", "127.0.0.1:2")
        assert server.log_file.read_text() == "['--option']\n"
        assert server.startup > 0


@pytest.mark.parametrize("number", [signal.SIGCONT, signal.SIGSTOP, signal.SIGKILL])
def test_no_server_outlives_its_context(number: signal.Signals) -> None:
    with started(_command(_SERVES), os.environ) as server:
        server.signal(number)
    assert server.process.returncode is not None
    assert not server.log_file.exists()


def test_a_server_that_ends_is_an_error_with_its_log() -> None:
    with pytest.raises(StartError) as raised, started(_command(_ENDS), os.environ):
        pass
    assert str(raised.value) == f"{Path(sys.executable).name} ended with 1:\nnonsense\n"


def test_a_server_that_hangs_is_an_error_with_its_log(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    program = f"import os, pathlib; pathlib.Path({str(pids)!r}).write_text(str(os.getpid()))\n"
    with (
        pytest.raises(StartError, match=r" does not serve after 2 s:\nnot yet$"),
        started(_command(program + _HANGS), os.environ, limit=2),
    ):
        pass
    with pytest.raises(ProcessLookupError):
        os.kill(int(pids.read_text()), 0)


def test_a_missing_program_is_reported() -> None:
    with pytest.raises(FileNotFoundError, match="no/such"), started(["no/such"], {}):
        pass


def test_a_servers_environment_is_the_one_given() -> None:
    program = f"import os; print(sorted(os.environ), flush=True)\n{_SERVES}"
    with started(_command(program), {"ONLY": "1"}) as server:
        seen = server.log_file.read_text().splitlines()[0]
    assert "ONLY" in seen
    assert "PATH" not in seen


def test_settings_of_a_program_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORC1_UPSTREAM", "nonsense")
    monkeypatch.setenv("ORC10_UPSTREAM", "another's")
    left = environment_without_settings("services/orc1")
    assert "ORC1_UPSTREAM" not in left
    assert left["ORC10_UPSTREAM"] == "another's"


def test_a_program_that_ends_by_itself_gets_none_either(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENV_LISTEN", "nonsense")
    ended = run_to_end("/usr/bin/env", environment={"ENV_UPSTREAM": "given"})
    assert {line for line in ended.stdout.splitlines() if line.startswith("ENV_")} == {
        "ENV_UPSTREAM=given"
    }


def test_a_signal_during_a_start_leaves_nothing_running(
    monkeypatch: pytest.MonkeyPatch, sigterm_raises: type[Exception]
) -> None:
    processes: list[subprocess.Popen[bytes]] = []

    class Signalled(subprocess.Popen[bytes]):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            processes.append(self)
            signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(subprocess, "Popen", Signalled)
    with pytest.raises(sigterm_raises), started(_command(_HANGS), os.environ):
        pass
    assert [process.returncode for process in processes] == [-signal.SIGKILL]
