"""The access log of servers in the test's own process."""

import json
from typing import Any

import pytest


def call_lines(capsys: pytest.CaptureFixture[str]) -> list[Any]:
    """All servers' new call lines since the last look, as JSON."""
    written = (json.loads(line) for line in capsys.readouterr().err.split("\n") if line[:1] == "{")
    return [line for line in written if line["event"] == "call"]
