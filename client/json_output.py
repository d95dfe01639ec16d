"""Answers as JSON, one object a line, for programs to read."""

import json
import re
from typing import Any

from google.protobuf import json_format
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import DecodeError

# Registers the types that a server's details have.
from google.rpc import error_details_pb2  # noqa: F401

from client.answer import Answer, Failure

# Control characters that JSON allows in a string and that a terminal would obey.
_CONTROLS = re.compile("[\x7f-\x9f]")


def answer_json(answer: Answer) -> str:
    """The line for one answer."""
    outcome = answer.outcome
    if isinstance(outcome, Failure):
        return failure_json(outcome, answer.request_id)
    user = {"name": outcome.name, "class": getattr(outcome, "class"), "roll": outcome.roll}
    return to_line(user)


def failure_json(failure: Failure, request_id: str) -> str:
    """The line for a call that failed; its details are in protobuf's JSON form."""
    error: dict[str, Any] = {"code": failure.code.name, "message": failure.message}
    error["details"] = [_detail(detail) for detail in failure.details]
    return to_line({"error": error, "request_id": request_id})


def to_line(value: dict[str, Any]) -> str:
    """JSON on a line of its own, safe to print on a terminal."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return _CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", text) + "\n"


def _detail(detail: AnyMessage) -> dict[str, Any]:
    try:
        return json_format.MessageToDict(detail)
    except (TypeError, ValueError, DecodeError, json_format.Error):
        # Of a type that this client does not know, or not what it says it is.
        return {"@type": detail.type_url}
