"""How a call ended."""

from dataclasses import dataclass

import grpc


@dataclass(slots=True)
class Outcome:
    """How a call ended.

    Attributes:
        code: its status code.
        seconds: how long it took.
        message: the status's text for the caller.
        diagnosis: the log's text for a failure. The caller does not see it.
    """

    code: grpc.StatusCode
    seconds: float
    message: str = ""
    diagnosis: str | None = None
