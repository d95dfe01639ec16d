"""Names come from the command line and, for `-`, from the lines of stdin."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from client.names import MAX_NAME_BYTES, NamesError, names

Fill = Callable[[bytes], object]


@pytest.fixture
def fill_stdin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fill:
    """Writes the contents of stdin."""
    file = tmp_path / "stdin"
    file.touch()
    monkeypatch.setattr(sys, "stdin", file.open())
    return file.write_bytes


async def _all(*given: str) -> list[str]:
    return [name async for name in names(given)]


async def test_names_of_the_command_line_come_as_they_are() -> None:
    assert await _all("krithik", "", "a b") == ["krithik", "", "a b"]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", []),
        (b"one", ["one"]),
        (b"one\ntwo\n", ["one", "two"]),
        (b"one\r\n\r\ntwo", ["one", "", "two"]),
        (b" one \n\n", [" one ", ""]),
        ("héllo\u2028\x85\n".encode(), ["héllo\u2028\x85"]),
        ("\ufeffone\n\ufefftwo\n".encode(), ["one", "\ufefftwo"]),
    ],
    ids=["empty", "no newline", "lines", "windows", "blanks", "unicode", "byte order mark"],
)
async def test_each_line_of_stdin_is_a_name(
    fill_stdin: Fill, content: bytes, expected: list[str]
) -> None:
    fill_stdin(content)
    assert await _all("-") == expected


async def test_stdin_stands_where_it_is_named(fill_stdin: Fill) -> None:
    fill_stdin(b"b\nc\n")
    assert await _all("a", "-", "d") == ["a", "b", "c", "d"]


async def test_bytes_that_are_not_utf8_are_refused_with_their_place(fill_stdin: Fill) -> None:
    fill_stdin(b"one\ntw\xff\n")
    found = names(["-"])
    assert await anext(found) == "one"
    with pytest.raises(NamesError, match="line 2 of stdin, byte 3: not UTF-8"):
        await anext(found)


async def test_a_line_longer_than_any_message_is_refused(fill_stdin: Fill) -> None:
    fill_stdin(b"x" * (MAX_NAME_BYTES + 1))
    with pytest.raises(NamesError, match="line 1 of stdin is longer than"):
        await _all("-")


async def test_a_closed_stdin_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(NamesError, match="stdin is no file, pipe or terminal"):
        await _all("-")


async def test_a_stdin_that_cannot_be_read_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_only = (tmp_path / "file").open("w")
    monkeypatch.setattr(sys, "stdin", write_only)
    with pytest.raises(NamesError, match="cannot read stdin"):
        await _all("-")
