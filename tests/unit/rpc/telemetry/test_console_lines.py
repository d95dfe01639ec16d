"""The log on a terminal: one line an event, tracebacks below it, and nothing forged by a caller."""

import re
from typing import Any

from rpc.telemetry.console_lines import console_lines, wants_colour

import pytest

ESCAPE = "\x1b"


def shown(level: str = "info", *, colours: bool = False, **event: Any) -> str:
    render = console_lines("orc1", colours=colours)
    return render(level, {"timestamp": 0.5, "event": "call", **event}).decode()


def test_a_line_has_the_time_the_level_and_the_rest() -> None:
    line = shown(code="OK", duration_ms=1.5)
    assert re.sub(" +", " ", line) == (
        "00:00:00.500 [info ] call code=OK duration_ms=1.5 service=orc1"
    )


@pytest.mark.parametrize("level", ["debug", "info", "warning", "error", "critical", "level 15"])
def test_each_level_has_a_line(level: str) -> None:
    assert level in shown(level, colours=True)


def test_a_traceback_stands_below_its_line() -> None:
    line, *below = shown("error", exception='Traceback:\n  File "x"\nValueError: no').split("\n")
    assert "exception" not in line
    assert below == ["    Traceback:", '      File "x"', "    ValueError: no"]


def test_a_diagnosis_of_one_line_stays_in_it() -> None:
    assert "diagnosis='no connection'" in shown(diagnosis="no connection")


@pytest.mark.parametrize("key", ["message", "diagnosis"])
@pytest.mark.parametrize("text", ["\x1b[2J", "a\r\nb", "\u202eevil", "\x85", "\x9b"], ids=ascii)
def test_no_text_moves_the_cursor_or_begins_a_line(key: str, text: str) -> None:
    event: dict[str, Any] = {key: text}
    first, *below = shown(**event).split("\n")
    assert first.isprintable()
    for line in below:
        assert line.startswith("    ")
        assert line.isprintable()


@pytest.mark.parametrize(
    ("variables", "wanted"),
    [
        ({"TERM": "xterm"}, True),
        ({"TERM": "dumb"}, False),
        ({"TERM": "xterm", "NO_COLOR": "1"}, False),
        ({"TERM": "xterm", "NO_COLOR": ""}, True),
    ],
)
def test_the_environment_may_do_without_colours(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], *, wanted: bool
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert wants_colour() is wanted
    assert (ESCAPE in shown(colours=wants_colour())) is wanted
