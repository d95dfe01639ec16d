"""An object made from files: when it is renewed, and when the old one stays."""

import errno
import logging
import os
from pathlib import Path

from rpc.tls import file_reloader
from rpc.tls.file_reloader import FileReloader, expire_all

import pytest


class Reader:
    """Reads a file, unless told to fail."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.error: Exception | None = None
        self.times = 0

    def __call__(self) -> str:
        self.times += 1
        if self.error is not None:
            raise self.error
        return self.file.read_text()


@pytest.fixture
def reader(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Reader:
    caplog.set_level(logging.INFO)
    file = tmp_path / "file"
    file.write_text("first")
    return Reader(file)


def replace(reader: Reader, text: str) -> None:
    beside = reader.file.with_name("beside")
    beside.write_text(text)
    beside.replace(reader.file)


def test_nothing_is_made_while_no_file_changes(reader: Reader) -> None:
    made = FileReloader([reader.file, None], reader)
    assert [made.reload_if_changed() for _ in range(3)] == [False] * 3
    assert (made.current, reader.times) == ("first", 1)


def test_a_change_is_followed(reader: Reader, caplog: pytest.LogCaptureFixture) -> None:
    made = FileReloader([reader.file], reader, "letter")
    replace(reader, "second")
    assert made.reload_if_changed()
    assert made.current == "second"
    assert caplog.messages == ["letter reloaded"]


@pytest.mark.parametrize("kind", [ValueError, TypeError])
def test_what_cannot_be_used_leaves_the_old(
    reader: Reader, caplog: pytest.LogCaptureFixture, kind: type[Exception]
) -> None:
    made = FileReloader([reader.file], reader, "letter")
    reader.error = kind("it is torn")
    replace(reader, "second")
    assert [made.reload_if_changed() for _ in range(3)] == [False] * 3
    assert made.current == "first"
    assert caplog.messages == ["keeping the old letter: it is torn"]


def test_a_read_error_does_not_lose_a_change(
    reader: Reader, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_reloader, "RETRY_SECONDS", 0.0)
    made = FileReloader([reader.file], reader)
    reader.error = OSError(errno.EMFILE, os.strerror(errno.EMFILE))
    replace(reader, "second")
    assert [made.reload_if_changed() for _ in range(3)] == [False] * 3
    reader.error = None
    assert made.reload_if_changed()
    assert made.current == "second"
    # One line for the failure, even if it recurs.
    assert len(caplog.messages) == 2
    assert "Too many open files" in caplog.messages[0]


def test_a_bad_file_is_not_read_at_each_look(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_reloader, "RETRY_SECONDS", 3600.0)
    made = FileReloader([reader.file], reader)
    reader.error = ValueError("it is torn")
    replace(reader, "second")
    for _ in range(100):
        made.reload_if_changed()
    assert reader.times == 2


def test_the_first_has_to_be_good(reader: Reader) -> None:
    reader.error = ValueError("it is torn")
    with pytest.raises(ValueError, match="it is torn"):
        FileReloader([reader.file], reader)


def test_all_that_is_followed_can_be_read_anew(
    reader: Reader, caplog: pytest.LogCaptureFixture
) -> None:
    made = FileReloader([reader.file], reader, "letter")
    expire_all()
    assert (made.current, reader.times) == ("first", 2)
    assert caplog.messages.count("letter reloaded") == 1


def test_polled_work_is_left_to_the_poller(reader: Reader) -> None:
    made = FileReloader([reader.file], reader, polled=True)
    expire_all()
    assert reader.times == 1
    assert made.reload_if_changed()
    assert not made.reload_if_changed()


def test_a_complaint_comes_again_when_all_is_read_anew(
    reader: Reader, caplog: pytest.LogCaptureFixture
) -> None:
    made = FileReloader([reader.file], reader, "letter")
    reader.error = ValueError("it is torn")
    for _ in range(2):
        made.expire()
    assert caplog.messages == ["keeping the old letter: it is torn"] * 2
