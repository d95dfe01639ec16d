"""How a call ended."""

from dataclasses import dataclass

import grpc


@dataclass(slots=True)
class Outcome:
    """How a call ended.

    Attributes:
        code: its status code.
        seconds: how long it took.
        message: what the caller is told of a failure.
        diagnosis: what the log says of a failure and the caller does not see.
    """

    code: grpc.StatusCode
    seconds: float
    message: str = ""
    diagnosis: str | None = None
