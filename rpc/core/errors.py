"""Errors: the statuses of servicers' responses, and failures to start a program."""

from typing import NoReturn

from rpc.core.metadata_keys import RETRY_PUSHBACK, STATUS_DETAILS

import grpc
from google.protobuf import any_pb2
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

Trailers = tuple[tuple[str, str | bytes], ...]


class StartupError(Exception):
    """A program cannot start, or continue. The message says why and what to do, in one line."""


class UsageError(ValueError):
    """An option's value cannot be used. The message says what a good one looks like."""


class RpcStatusError(Exception):
    """Raise it in a servicer to end the call with a status of one's choice.

    Attributes:
        code: the status code for the caller.
        message: the status message for the caller.
        trailers: metadata sent along.
        diagnosis: the log has it beside the message. It never leaves the server.
    """

    def __init__(
        self,
        code: grpc.StatusCode,
        message: str,
        trailers: Trailers = (),
        diagnosis: str | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.trailers = trailers
        self.diagnosis = diagnosis


def invalid_argument(field: str, message: str) -> NoReturn:
    """Refuses a request: INVALID_ARGUMENT with a google.rpc.BadRequest naming the field.

    Raises:
        RpcStatusError: always.
    """
    violation = error_details_pb2.BadRequest.FieldViolation(field=field, description=message)
    detail = error_details_pb2.BadRequest(field_violations=[violation])
    code = grpc.StatusCode.INVALID_ARGUMENT
    raise RpcStatusError(code, message, _status_trailer(code, message, detail))


RETRY_SECONDS = 1
"""What a caller of an overloaded server is asked to wait before it tries again."""


def overloaded(message: str) -> RpcStatusError:
    """RESOURCE_EXHAUSTED for a call without room, with the time to wait.

    The time is a google.rpc.RetryInfo, and the pushback of gRFC A6 for callers who try this code
    again. Make one for each reason, ahead of time: making it costs more than the refusal itself.
    """
    detail = error_details_pb2.RetryInfo()
    detail.retry_delay.FromSeconds(RETRY_SECONDS)
    code = grpc.StatusCode.RESOURCE_EXHAUSTED
    pushback = (RETRY_PUSHBACK, str(RETRY_SECONDS * 1000))
    return RpcStatusError(code, message, (pushback, *_status_trailer(code, message, detail)))


def _status_trailer(code: grpc.StatusCode, message: str, detail: Message) -> Trailers:
    packed = any_pb2.Any()
    packed.Pack(detail)
    status = status_pb2.Status(code=code.value[0], message=message, details=[packed])
    return ((STATUS_DETAILS, status.SerializeToString()),)
