"""Logs: fields, formats, and robustness of a line."""

import errno
import json
import logging
import re
import shlex
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

from rpc.core.call import current_call
from rpc.telemetry.log_setup import configure_logs, get_logger
from rpc.telemetry.metrics import Metrics
from rpc.telemetry.settings import LogFormat, LogLevel
from rpc.tls.expiry import CertificateExpiry

import pytest

from testing.waiting import LIMIT_SECONDS
from tests.support.calls import make_call
from tests.support.logging_setup import logs_restored

Stderr = Callable[[], str]
TRACEPARENT = ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")


@pytest.fixture(autouse=True)
def _restore_logs() -> Iterator[None]:
    with logs_restored():
        yield


@pytest.fixture
def stderr(capsys: pytest.CaptureFixture[str]) -> Stderr:
    return lambda: capsys.readouterr().err


def json_lines(stderr: Stderr) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stderr().split("\n")[:-1]]


def test_json_has_one_object_a_line(stderr: Stderr) -> None:
    configure_logs("orc1", "json")
    get_logger().info("serving", address="127.0.0.1:9000", pid=1)
    (line,) = json_lines(stderr)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "level": "info",
        "service": "orc1",
        "event": "serving",
        "address": "127.0.0.1:9000",
        "pid": 1,
    }


def test_text_is_logfmt(stderr: Stderr) -> None:
    configure_logs("orc1", "text")
    get_logger().warning("two words", address="127.0.0.1:9000")
    timestamp, _, rest = stderr().partition(" ")
    assert timestamp.startswith("timestamp=")
    assert rest == 'level=warning service=orc1 event="two words" address=127.0.0.1:9000\n'


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_libraries_log_in_the_same_form(stderr: Stderr, log_format: LogFormat) -> None:
    configure_logs("orc1", log_format)
    get_logger().info("ours")
    logging.getLogger("grpc._cython.cygrpc").error("theirs %s", "x\ny")
    logging.getLogger("grpc").debug("not shown")
    ours, theirs = stderr().split("\n")[:-1]
    if log_format == "json":
        fields = json.loads(theirs)
        assert fields.keys() == json.loads(ours).keys() | {"logger"}
        assert (fields["event"], fields["level"]) == ("theirs x\ny", "error")
    else:
        assert "level=error service=orc1 event=" in theirs
        assert r'"theirs x\\ny"' in theirs


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_a_librarys_traceback_is_part_of_its_line(stderr: Stderr, log_format: LogFormat) -> None:
    configure_logs("orc1", log_format)
    try:
        int("why")
    except ValueError:
        logging.getLogger("grpc").exception("failed")
    (line,) = stderr().split("\n")[:-1]
    assert "ValueError: invalid literal" in line


def test_a_librarys_mistake_is_logged_and_not_raised(stderr: Stderr) -> None:
    configure_logs("orc1", "json")
    logging.getLogger("grpc").error("%d calls", "many")
    (line,) = json_lines(stderr)
    assert line["event"] == "%d calls ('many',)"


class _Unreadable:
    def __repr__(self) -> str:
        raise RuntimeError("no text")


@pytest.mark.parametrize(
    ("message", "argument", "shown"),
    [
        ("%(calls)d", {"call": 1}, "%(calls)d {'call': 1}"),
        ("%s calls", _Unreadable(), "%s calls (<_Unreadable instance"),
        (_Unreadable(), "calls", "<_Unreadable instance"),
    ],
)
def test_no_text_of_a_library_is_raised(
    stderr: Stderr, message: object, argument: object, shown: str
) -> None:
    configure_logs("orc1", "json")
    logging.getLogger("grpc").error(message, argument)
    (line,) = json_lines(stderr)
    assert line["event"].startswith(shown)


@pytest.mark.parametrize(("number", "level"), [(5, "debug"), (25, "info"), (60, "critical")])
def test_a_librarys_own_level_is_the_one_below(stderr: Stderr, number: int, level: str) -> None:
    configure_logs("orc1", "text", "debug")
    logging.getLogger().setLevel(1)
    before = logging.getLevelName(number)
    logging.addLevelName(number, "MINE\nlevel=error")
    logging.getLogger("grpc").log(number, "event")
    logging.addLevelName(number, before)
    (line,) = stderr().split("\n")[:-1]
    assert f" level={level} service=orc1 event=event" in line


def test_a_stack_asked_for_is_in_the_line(stderr: Stderr) -> None:
    configure_logs("orc1", "json")
    logging.getLogger("grpc").error("event", stack_info=True)
    get_logger().error("event", stack_info=True)
    for line in json_lines(stderr):
        assert "test_a_stack_asked_for_is_in_the_line" in line["stack"]


@pytest.mark.parametrize("level", ["info", "warning", "error", "critical"])
def test_every_level_is_written(stderr: Stderr, level: str) -> None:
    configure_logs("orc1", "json")
    getattr(get_logger(), level)("event")
    (line,) = json_lines(stderr)
    assert (line["level"], line["event"]) == (level, "event")


@pytest.mark.parametrize(
    "text", ["a\nb", "\r", "\x1b[2J", "\x85", "\u2028", "\u2029", "\u202e", "\u200b", "\ud800"]
)
def test_text_shows_what_cannot_be_printed(stderr: Stderr, text: str) -> None:
    configure_logs("orc1", "text")
    get_logger().info("event", message=text)
    written = stderr()
    assert len(written.splitlines()) == 1
    assert written.removesuffix("\n").isprintable()


@pytest.mark.parametrize("text", ["plain", "two words", "a word=b", 'a"b', "a=b", ""])
def test_text_keeps_a_value_in_one_word(stderr: Stderr, text: str) -> None:
    configure_logs("orc1", "text")
    get_logger().info("event", message=text, last="1")
    assert shlex.split(stderr())[-2:] == [f"message={text}", "last=1"]


def test_json_keeps_what_a_name_has_in_it(stderr: Stderr) -> None:
    configure_logs("orc1", "json")
    get_logger().info("event", message='"}\n{\u2028é')
    (line,) = json_lines(stderr)
    assert line["message"] == '"}\n{\u2028é'


@pytest.mark.parametrize(
    "text", ["\x1b[2J", "\x7f", "\x85", "\u2028", "\u202e", "\u2066", "\u200b", "\U000e0001"]
)
def test_json_shows_by_number_what_cannot_be_printed(stderr: Stderr, text: str) -> None:
    configure_logs("orc1", "json")
    get_logger().info(f"event {text}", message=text, items=[text])
    written = stderr()
    assert written.removesuffix("\n").isprintable()
    line = json.loads(written)
    assert (line["event"], line["message"], line["items"]) == (f"event {text}", text, [text])


@pytest.mark.parametrize("value", [ValueError("why"), b"\xff", 2**70, ["\ud800"], {1, 2}])
def test_json_takes_any_value(stderr: Stderr, value: object) -> None:
    configure_logs("orc1", "json")
    get_logger().info("event", value=value)
    (line,) = json_lines(stderr)
    assert line["event"] == "event"


def test_json_takes_a_path_that_is_not_utf_8(stderr: Stderr) -> None:
    configure_logs("orc1", "json")
    get_logger().info("event \udcff", message="/run/\udcff")
    (line,) = json_lines(stderr)
    assert (line["event"], line["message"]) == (r"event \udcff", r"/run/\udcff")


class _Broken:
    """A stderr on a full disk."""

    class Buffer:
        def write(self, _: bytes) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

        def flush(self) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

    buffer = Buffer()


def test_a_stderr_that_cannot_be_written_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    configure_logs("orc1", "json")
    monkeypatch.setattr(sys, "stderr", _Broken())
    before = lost_lines()
    get_logger().info("lost")
    assert lost_lines() == before + 1


class _Collecting:
    """A stderr that has a finalizer log in the middle of each first line."""

    def __init__(self) -> None:
        self.buffer = self
        self.written = b""

    def write(self, line: bytes) -> int:
        if not self.written:
            logging.getLogger("asyncio").error("finalizer")
        self.written += line
        return len(line)

    def flush(self) -> None:
        """Has nothing to do."""


def test_a_finalizer_may_log_while_a_line_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    configure_logs("orc1", "json")
    stderr = _Collecting()
    monkeypatch.setattr(sys, "stderr", stderr)
    # A daemon: it would wait for itself.
    writing = threading.Thread(target=get_logger().error, args=("line",), daemon=True)
    writing.start()
    writing.join(LIMIT_SECONDS)
    events = [json.loads(line)["event"] for line in stderr.written.splitlines()]
    assert events == ["line", "finalizer"]


def lost_lines() -> float:
    return Metrics(CertificateExpiry()).registry.get_sample_value("log_lines_lost_total") or 0


def test_lines_that_are_written_during_a_call_bear_its_ids(stderr: Stderr) -> None:
    configure_logs("orc1", "json")
    token = current_call.set(make_call(request_id="r-1", trace_context=(TRACEPARENT,)))
    get_logger().info("ours")
    logging.getLogger("library").warning("theirs")
    current_call.set(make_call(request_id="r-2"))
    get_logger().info("without a trace")
    current_call.reset(token)
    get_logger().info("after it")
    ours, theirs, untraced, after = json_lines(stderr)
    for line in (ours, theirs):
        assert line["request_id"] == "r-1"
        assert line["trace_id"] == "0af7651916cd43dd8448eb211c80319c"
    assert (untraced["request_id"], "trace_id" in untraced) == ("r-2", False)
    assert "request_id" not in after


def test_an_exception_of_ours_is_part_of_its_line(stderr: Stderr) -> None:
    configure_logs("orc1", "json")
    try:
        int("why")
    except ValueError:
        get_logger().exception("failed")
    (line,) = json_lines(stderr)
    assert (line["event"], line["level"]) == ("failed", "error")
    assert "ValueError: invalid literal" in line["exception"]


def test_auto_is_logfmt_where_nobody_looks(stderr: Stderr) -> None:
    configure_logs("orc1", "auto")
    get_logger().info("serving")
    (line,) = stderr().splitlines()
    assert line.endswith(" level=info service=orc1 event=serving")


def test_auto_is_for_people_on_a_terminal(stderr: Stderr, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("NO_COLOR", "1")
    configure_logs("orc1", "auto")
    get_logger().info("serving", pid=1)
    assert re.fullmatch(r"[\d:.]{12} \[info +\] serving pid=1 service=orc1\n", stderr())


@pytest.mark.parametrize(
    ("level", "events"),
    [("debug", ["d", "i", "w", "e"]), ("warning", ["w", "e"]), ("error", ["e"])],
)
def test_less_than_the_level_is_not_logged(
    stderr: Stderr, level: LogLevel, events: list[str]
) -> None:
    configure_logs("orc1", "json", level)
    for log in (get_logger(), logging.getLogger("library")):
        log.debug("d")
        log.info("i")
        log.warning("w")
        log.error("e")
        assert [line["event"] for line in json_lines(stderr)] == events
