"""JSON output: one object a line, with an error's fields for programs."""

import json
import unicodedata
from typing import Any, cast

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.rpc import error_details_pb2

from client.json_output import result_json
from client.result import Failure, Result
from proto import user_pb2

OBEYED = {"Cc", "Cf", "Zl", "Zp"}


def _parsed(result: Result) -> dict[str, Any]:
    line = result_json(result)
    assert line.endswith("\n")
    assert not {unicodedata.category(character) for character in line[:-1]} & OBEYED
    return cast("dict[str, Any]", json.loads(line))


def _failed(*details: AnyMessage, message: str = "no") -> dict[str, Any]:
    failure = Failure(grpc.StatusCode.INVALID_ARGUMENT, message, details)
    return _parsed(Result("abc", "4f2a", failure))


def test_a_user_has_all_fields_by_their_names_in_the_contract() -> None:
    user = user_pb2.User(name="krithik", roll=70, **{"class": "7"})
    assert _parsed(Result("krithik", "id", user)) == {"name": "krithik", "class": "7", "roll": 70}
    empty = {"name": "", "class": "", "roll": 0}
    assert _parsed(Result("", "id", user_pb2.User())) == empty


def test_an_error_has_name_code_message_details_and_request_id() -> None:
    violation = error_details_pb2.BadRequest.FieldViolation(field="name", description="short")
    detail = AnyMessage()
    detail.Pack(error_details_pb2.BadRequest(field_violations=[violation]))
    assert _failed(detail) == {
        "name": "abc",
        "error": {
            "code": "INVALID_ARGUMENT",
            "message": "no",
            "details": [
                {
                    "@type": "type.googleapis.com/google.rpc.BadRequest",
                    "fieldViolations": [{"field": "name", "description": "short"}],
                }
            ],
        },
        "request_id": "4f2a",
    }


def test_a_detail_of_unknown_type_or_content_is_named() -> None:
    unknown = AnyMessage(type_url="type.googleapis.com/some.Other", value=b"\x01")
    broken = AnyMessage(type_url="type.googleapis.com/google.rpc.BadRequest", value=b"\xff")
    details = _failed(unknown, broken)["error"]["details"]
    assert details == [{"@type": unknown.type_url}, {"@type": broken.type_url}]


def test_text_is_unchanged_but_controls_are_escaped() -> None:
    text = 'é 名前 "\n\x1b\x7f\x9b\u202e\u200b\u2028\U000e0001'
    assert _failed(message=text)["error"]["message"] == text
    assert "名前" in result_json(Result("", "id", user_pb2.User(name=text)))
