"""The reason is on stderr when a library ends the process."""

import re
import signal

import pytest

from tests.support.python_program import run_python

SEGFAULT = "import ctypes; ctypes.memset(0, 1, 1)"
ABORT = "import os; os.abort()"

# An address of another machine (RFC 5737).
CORE_ERROR = "import rpc, grpc; grpc.server(None).add_insecure_port('192.0.2.1:1')"

PROGRAM = """
import click
from rpc.cli.program import run_program

@click.command()
def command() -> None:
    {statement}

run_program("program", command)
"""


@pytest.mark.parametrize(
    ("statement", "number", "reason"),
    [(ABORT, signal.SIGABRT, "Aborted"), (SEGFAULT, signal.SIGSEGV, "Segmentation fault")],
)
def test_a_fatal_signal_leaves_its_reason(
    statement: str, number: signal.Signals, reason: str
) -> None:
    ended = run_python(PROGRAM.format(statement=statement))
    assert ended.returncode == -number
    assert ended.stderr.startswith(f"Fatal Python error: {reason}\n")
    assert "in command\n" in ended.stderr


def test_ctrl_c_while_modules_load_leaves_no_traceback() -> None:
    interrupt = "import os, signal; os.kill(os.getpid(), signal.SIGINT)"
    ended = run_python(f"import rpc.cli.early_signals\n{interrupt}\nprint('loaded')")
    assert (ended.returncode, ended.stdout, ended.stderr) == (-signal.SIGINT, "", "")


def test_another_error_while_modules_load_leaves_its_traceback() -> None:
    ended = run_python("import rpc.cli.early_signals\nimport nonsense")
    assert "No module named 'nonsense'" in ended.stderr


def test_a_lack_of_descriptors_is_said_in_one_line() -> None:
    limit = "import resource as r; r.setrlimit(r.RLIMIT_NOFILE, (12, 12))\n"
    ended = run_python(limit + PROGRAM.format(statement="print('served')"))
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith("program: the process may open 12 files only: allow 32")
    assert ended.stderr.count("\n") == 1


def test_an_error_of_grpcs_core_is_on_stderr() -> None:
    ended = run_python(CORE_ERROR)
    assert re.search(r"^E\d{4} .*Cannot assign requested address", ended.stderr, re.MULTILINE)
