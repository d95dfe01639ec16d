"""How a call ended, as the client shows it."""

from collections.abc import Sequence
from dataclasses import dataclass

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage

from proto import user_pb2


@dataclass(frozen=True, slots=True)
class Failure:
    """A failed call.

    Attributes:
        code: its status code.
        message: what went wrong: a server's words, or the client's own of a server not reached.
        details: what a server sent beside the message, as in google.rpc.Status.
    """

    code: grpc.StatusCode
    message: str
    details: Sequence[AnyMessage] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """What came of the call for one name.

    Attributes:
        name: the requested one.
        request_id: under which the servers' logs have the call.
        outcome: the user, or why there is none.
    """

    name: str
    request_id: str
    outcome: user_pb2.User | Failure

    @property
    def failed(self) -> bool:
        """Whether there is no user."""
        return isinstance(self.outcome, Failure)
