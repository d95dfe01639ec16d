"""Text output: the format of the reference's client, without terminal controls."""

import grpc
import pytest

from client.result import Failure, Result
from client.text_output import result_text
from proto import user_pb2


def _user_line(**fields: str | int) -> str:
    first, line = result_text(Result("", "id", user_pb2.User(**fields))).splitlines()  # type: ignore[arg-type]
    assert first == "Got response:"
    return line


def _failure(code: grpc.StatusCode, message: str) -> str:
    return result_text(Result("abc", "4f2a", Failure(code, message)))


def test_a_user_is_a_line_of_gos_prototext() -> None:
    user = user_pb2.User(name="krithik", roll=70, **{"class": "7"})
    text = result_text(Result("krithik", "id", user))
    assert text == 'Got response:\nname:"krithik" class:"7" roll:70\n'


def test_fields_without_a_value_are_left_out() -> None:
    assert _user_line(name="krithik") == 'name:"krithik"'
    assert _user_line(roll=-1) == "roll:-1"


def test_an_empty_user_is_an_empty_line() -> None:
    assert result_text(Result("", "id", user_pb2.User())) == "Got response:\n\n"


@pytest.mark.parametrize(
    ("name", "quoted"),
    [
        ("héllo 名前 🙂", '"héllo 名前 🙂"'),
        ('a"b\\c', r'"a\"b\\c"'),
        ("\n\r\t", r'"\n\r\t"'),
        ("\x00\x1b[31m\x7f", r'"\x00\x1b[31m\x7f"'),
        ("\x80\x9b\x9f\xa0", '"\\u0080\\u009b\\u009f\xa0"'),
        ("a\u202eb\u200bc\u2028d\U000e0001", '"a\\u202eb\\u200bc\\u2028d\\U000e0001"'),
    ],
    ids=["utf-8", "quotes", "short", "c0", "c1", "unseen"],
)
def test_strings_are_escaped_as_by_prototext_of_go(name: str, quoted: str) -> None:
    assert _user_line(name=name) == f"name:{quoted}"


def test_an_error_is_gos_text_of_a_status_and_the_request_id() -> None:
    text = _failure(grpc.StatusCode.INVALID_ARGUMENT, "invalid name abc")
    assert text == (
        "Got error:\nrpc error: code = InvalidArgument desc = invalid name abc\nrequest id: 4f2a\n"
    )


def test_an_error_among_several_names_has_its_name() -> None:
    failure = Failure(grpc.StatusCode.UNKNOWN, "no")
    text = result_text(Result("a\n\u202e", "4f2a", failure), name_failed=True)
    assert text.splitlines()[2:] == [r'name: "a\n\u202e"', "request id: 4f2a"]


# https://pkg.go.dev/google.golang.org/grpc/codes
@pytest.mark.parametrize(
    ("code", "name"),
    [
        (grpc.StatusCode.CANCELLED, "Canceled"),
        (grpc.StatusCode.UNKNOWN, "Unknown"),
        (grpc.StatusCode.INVALID_ARGUMENT, "InvalidArgument"),
        (grpc.StatusCode.DEADLINE_EXCEEDED, "DeadlineExceeded"),
        (grpc.StatusCode.NOT_FOUND, "NotFound"),
        (grpc.StatusCode.ALREADY_EXISTS, "AlreadyExists"),
        (grpc.StatusCode.PERMISSION_DENIED, "PermissionDenied"),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, "ResourceExhausted"),
        (grpc.StatusCode.FAILED_PRECONDITION, "FailedPrecondition"),
        (grpc.StatusCode.ABORTED, "Aborted"),
        (grpc.StatusCode.OUT_OF_RANGE, "OutOfRange"),
        (grpc.StatusCode.UNIMPLEMENTED, "Unimplemented"),
        (grpc.StatusCode.INTERNAL, "Internal"),
        (grpc.StatusCode.UNAVAILABLE, "Unavailable"),
        (grpc.StatusCode.DATA_LOSS, "DataLoss"),
        (grpc.StatusCode.UNAUTHENTICATED, "Unauthenticated"),
    ],
)
def test_codes_bear_their_go_names(code: grpc.StatusCode, name: str) -> None:
    assert f"code = {name} desc = x\n" in _failure(code, "x")


def test_a_servers_message_cannot_move_the_cursor_or_add_a_line() -> None:
    text = _failure(grpc.StatusCode.UNKNOWN, "a\nGot response:\x1b[2J\x9b2J\u202e é")
    lines = text.splitlines()
    assert len(lines) == 3
    assert all(line.isprintable() for line in lines)
    assert lines[1].endswith("é")
