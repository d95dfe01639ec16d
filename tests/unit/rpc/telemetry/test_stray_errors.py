"""Errors written by Python itself become lines of the log."""

import json

from rpc.telemetry import stray_errors

import pytest

from tests.support.python_program import run_python

PROGRAM = """
import sys, threading, warnings
from rpc.telemetry.log_setup import configure_logs
from {module} import log_stray_errors

class Unraisable:
    def __del__(self):
        raise ValueError("in a destructor")

def fail():
    raise ValueError("in a thread")

configure_logs("orc1", "json")
log_stray_errors()
{statement}
"""

STATEMENTS = {
    "warnings.warn('old')": ("warning", "UserWarning: old"),
    "Unraisable()": ("error", "in a destructor"),
    "thread = threading.Thread(target=fail, name='t'); thread.start(); thread.join()": (
        "error",
        "in a thread",
    ),
    "raise ValueError('at last')": ("critical", "at last"),
}


@pytest.mark.parametrize("statement", STATEMENTS)
def test_a_stray_error_is_a_line_of_the_log(statement: str) -> None:
    ended = run_python(PROGRAM.format(module=stray_errors.__name__, statement=statement))
    (line,) = map(json.loads, ended.stderr.splitlines())
    level, text = STATEMENTS[statement]
    assert line["level"] == level
    assert text in line["event"] + line.get("exception", "")
