"""Results as text, in the form of the reference's client and Go's gRPC."""

import grpc
from google.protobuf.message import Message

from client.escapes import printable, quote
from client.result import Failure, Result


def result_text(result: Result, *, name_failed: bool = False) -> str:
    """The lines for one result.

    Args:
        result: the result.
        name_failed: have a line with the name where there is no user. A user's line has it anyway.
    """
    if isinstance(result.outcome, Failure):
        name = result.name if name_failed else None
        return failure_text(result.outcome, result.request_id, name)
    return f"Got response:\n{_message(result.outcome)}\n"


def failure_text(failure: Failure, request_id: str, name: str | None = None) -> str:
    """The lines for a failed call. The id is what to look for in the servers' logs."""
    named = "" if name is None else f"name: {quote(name)}\n"
    status = f"code = {_go_code(failure.code)} desc = {printable(failure.message)}"
    return f"Got error:\nrpc error: {status}\n{named}request id: {request_id}\n"


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
