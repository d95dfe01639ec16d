"""The access log: the fields of a call's line."""

import json
import shlex
from collections.abc import Callable
from typing import Any

from rpc.core.outcome import Outcome
from rpc.telemetry.access_log import AccessLog
from rpc.telemetry.settings import LogFormat, LogLevel

import grpc
import pytest

from tests.support.calls import METHOD, PEER, make_call

Stderr = Callable[[], str]
TRACEPARENT = ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")


@pytest.fixture
def stderr(capsys: pytest.CaptureFixture[str]) -> Stderr:
    return lambda: capsys.readouterr().err


def json_lines(stderr: Stderr) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stderr().split("\n")[:-1]]


def line_of(stderr: Stderr, outcome: Outcome, **call: Any) -> dict[str, Any]:
    made, log = make_call(**call), AccessLog("orc1", "json")
    log.finished(made, outcome)
    (line,) = json_lines(stderr)
    return line


def test_a_call_that_went_well(stderr: Stderr) -> None:
    line = line_of(stderr, Outcome(grpc.StatusCode.OK, 0.0123456), request_id="r-1")
    assert line.pop("timestamp")
    assert line == {
        "level": "info",
        "service": "orc1",
        "event": "call",
        "method": METHOD,
        "code": "OK",
        "duration_ms": 12.346,
        "peer": PEER,
        "request_id": "r-1",
    }


def test_a_call_with_a_trace(stderr: Stderr) -> None:
    outcome = Outcome(grpc.StatusCode.OK, 0.0)
    line = line_of(stderr, outcome, trace_context=(TRACEPARENT,))
    assert line["trace_id"] == "0af7651916cd43dd8448eb211c80319c"


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_a_call_of_a_caller_with_names(stderr: Stderr, log_format: LogFormat) -> None:
    made = make_call(callers=("orc1.example", 'a"\n b=c'))
    AccessLog("orc1", log_format).finished(made, Outcome(grpc.StatusCode.OK, 0.0))
    (line,) = stderr().splitlines()
    assert '"orc1.example a' in line


@pytest.mark.parametrize(
    "call", [{}, {"request_id": "a=="}, {"trace_context": (TRACEPARENT,)}, {"expires": 1e6}]
)
def test_text_has_the_same_content_as_json(stderr: Stderr, call: dict[str, Any]) -> None:
    made, outcome = make_call(**call), Outcome(grpc.StatusCode.OK, 0.0123456)
    AccessLog("orc1", "json").finished(made, outcome)
    (fields,) = json_lines(stderr)
    AccessLog("orc1", "text").finished(made, outcome)
    words = dict(word.split("=", 1) for word in shlex.split(stderr()))
    assert {**fields, "timestamp": ""} == {
        key: "" if key == "timestamp" else type(fields[key])(word) for key, word in words.items()
    }


def test_an_id_that_has_the_sign_of_a_field_is_quoted(stderr: Stderr) -> None:
    made = make_call(request_id="code=OK")
    AccessLog("orc1", "text").finished(made, Outcome(grpc.StatusCode.OK, 0.0))
    assert ' request_id="code=OK"' in stderr()


def test_a_call_with_a_deadline(stderr: Stderr) -> None:
    made = make_call()
    made.expires = made.started + 1.5
    AccessLog("orc1", "json").finished(made, Outcome(grpc.StatusCode.OK, 0.0))
    (line,) = json_lines(stderr)
    assert line["deadline_ms"] == 1500


def test_a_refusal_is_logged_with_the_callers_message(stderr: Stderr) -> None:
    outcome = Outcome(grpc.StatusCode.INVALID_ARGUMENT, 0.0, "too short")
    line = line_of(stderr, outcome)
    assert (line["level"], line["message"]) == ("info", "too short")
    assert "diagnosis" not in line


def test_a_failure_is_logged_with_what_the_caller_does_not_see(stderr: Stderr) -> None:
    outcome = Outcome(grpc.StatusCode.INTERNAL, 0.0, "internal error", "Traceback…")
    line = line_of(stderr, outcome)
    assert (line["level"], line["diagnosis"]) == ("warning", "Traceback…")


def test_a_stream_with_the_numbers_of_its_messages(stderr: Stderr) -> None:
    made = make_call(streaming=True)
    made.requests, made.responses = 3, 2
    AccessLog("orc1", "json").finished(made, Outcome(grpc.StatusCode.OK, 0.0))
    (line,) = json_lines(stderr)
    assert (line["requests"], line["responses"]) == (3, 2)


@pytest.mark.parametrize(
    ("level", "levels"), [("info", ["info", "warning"]), ("warning", ["warning"]), ("error", [])]
)
def test_a_call_below_the_level_has_no_line(
    stderr: Stderr, level: LogLevel, levels: list[str]
) -> None:
    log = AccessLog("orc1", "json", level)
    log.finished(make_call(), Outcome(grpc.StatusCode.OK, 0.0))
    log.finished(make_call(), Outcome(grpc.StatusCode.INTERNAL, 0.0, diagnosis="a traceback"))
    assert [json.loads(line)["level"] for line in stderr().splitlines()] == levels
