"""Errors: the statuses of servicers' responses, and failures to start a program."""

from collections.abc import Sequence
from typing import NoReturn

from rpc.core.metadata_keys import RETRY_PUSHBACK, STATUS_DETAILS

import grpc
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
        *,
        details: Sequence[Message] = (),
    ) -> None:
        """Takes the attributes, and messages to send along.

        Args:
            code: the status code.
            message: the status message.
            trailers: metadata.
            diagnosis: for the log.
            details: for the caller, such as those of google.rpc.error_details_pb2. They travel in
                a google.rpc.Status, https://google.aip.dev/193.
        """
        super().__init__(message)
        self.code = code
        self.message = message
        self.trailers = (*trailers, _packed(code, message, details)) if details else trailers
        self.diagnosis = diagnosis


def invalid_argument(field: str, message: str) -> NoReturn:
    """Refuses a request: INVALID_ARGUMENT with a google.rpc.BadRequest naming the field.

    Raises:
        RpcStatusError: always.
    """
    violation = error_details_pb2.BadRequest.FieldViolation(field=field, description=message)
    detail = error_details_pb2.BadRequest(field_violations=[violation])
    raise RpcStatusError(grpc.StatusCode.INVALID_ARGUMENT, message, details=[detail])


RETRY_SECONDS = 1
"""What a caller of an overloaded server is asked to wait before it tries again."""


def overloaded(message: str) -> RpcStatusError:
    """RESOURCE_EXHAUSTED for a call without room, with the time to wait.

    The time is a google.rpc.RetryInfo, and the pushback of gRFC A6 for callers who try this code
    again. Make one for each reason, ahead of time: making it costs more than the refusal itself.
    """
    detail = error_details_pb2.RetryInfo()
    detail.retry_delay.FromSeconds(RETRY_SECONDS)
    pushback = (RETRY_PUSHBACK, str(RETRY_SECONDS * 1000))
    code = grpc.StatusCode.RESOURCE_EXHAUSTED
    return RpcStatusError(code, message, (pushback,), details=[detail])


def _packed(code: grpc.StatusCode, message: str, details: Sequence[Message]) -> tuple[str, bytes]:
    status = status_pb2.Status(code=code.value[0], message=message)
    for detail in details:
        status.details.add().Pack(detail)
    return (STATUS_DETAILS, status.SerializeToString())
