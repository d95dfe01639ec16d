"""Answers as text, in the form of the reference's client, which is that of Go's gRPC."""

import grpc
from google.protobuf.message import Message

from client.answer import Answer, Failure
from client.escapes import printable, quote


def answer_text(answer: Answer) -> str:
    """The lines for one answer."""
    if isinstance(answer.outcome, Failure):
        return failure_text(answer.outcome, answer.request_id)
    return f"Got response:\n{_message(answer.outcome)}\n"


def failure_text(failure: Failure, request_id: str) -> str:
    """The lines for a call that failed; the id is what to look for in the servers' logs."""
    status = f"code = {_go_code(failure.code)} desc = {printable(failure.message)}"
    return f"Got error:\nrpc error: {status}\nrequest id: {request_id}\n"


def _message(message: Message) -> str:
    # Fields without a value are left out, as by Go's String().
    fields = message.ListFields()
    return " ".join(f"{field.name}:{_value(value)}" for field, value in fields)


def _value(value: str | int) -> str:
    return quote(value) if isinstance(value, str) else str(value)


def _go_code(code: grpc.StatusCode) -> str:
    # https://pkg.go.dev/google.golang.org/grpc/codes: INVALID_ARGUMENT is InvalidArgument.
    if code is grpc.StatusCode.OK:
        return "OK"
    if code is grpc.StatusCode.CANCELLED:
        return "Canceled"
    return "".join(word.capitalize() for word in code.name.split("_"))
