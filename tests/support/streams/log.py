"""The access log of servers in the test's own process."""

import json
from typing import Any

import pytest


def call_lines(capsys: pytest.CaptureFixture[str]) -> list[Any]:
    """The lines of calls, as JSON, that all servers have written since the last look."""
    written = (json.loads(line) for line in capsys.readouterr().err.split("\n") if line[:1] == "{")
    return [line for line in written if line["event"] == "call"]
