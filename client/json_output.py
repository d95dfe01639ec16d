"""Results as JSON, one object a line, for programs to read."""

import json
import re
from typing import Any

from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import DecodeError

from client.escapes import is_unseen
from client.result import Failure, Result

# Control characters that JSON allows in a string and that a terminal would obey.
_FIRST_CONTROL, _LAST_CONTROL = "\x7f", "\x9f"


def result_json(result: Result) -> str:
    """The line for one result."""
    outcome = result.outcome
    if isinstance(outcome, Failure):
        return to_line({"name": result.name, **_failure(outcome, result.request_id)})
    user = {"name": outcome.name, "class": getattr(outcome, "class"), "roll": outcome.roll}
    return to_line(user)


def failure_json(failure: Failure, request_id: str) -> str:
    """The line for a failed call that was for no name."""
    return to_line(_failure(failure, request_id))


def _failure(failure: Failure, request_id: str) -> dict[str, Any]:
    """A failed call, with its details in protobuf's JSON form."""
    error: dict[str, Any] = {"code": failure.code.name, "message": failure.message}
    error["details"] = [_detail(detail) for detail in failure.details]
    return {"error": error, "request_id": request_id}


def to_line(value: dict[str, Any]) -> str:
    """JSON on a line of its own, safe to print on a terminal."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return "".join(map(_safe, text)) + "\n"


def _safe(character: str) -> str:
    if _FIRST_CONTROL <= character <= _LAST_CONTROL or is_unseen(character):
        # JSON counts in UTF-16.
        return re.sub("....", r"\\u\g<0>", character.encode("utf-16-be").hex())
    return character


def _detail(detail: AnyMessage) -> dict[str, Any]:
    from google.protobuf import json_format

    # Registers the types that a server's details have.
    from google.rpc import error_details_pb2  # noqa: F401

    try:
        return json_format.MessageToDict(detail)
    except (TypeError, ValueError, DecodeError, json_format.Error):
        # Of a type that this client does not know, or not what it says it is.
        return {"@type": detail.type_url}
