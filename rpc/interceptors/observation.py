"""What is recorded of each call: one place watches, and logs, metrics and traces are told."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from rpc.core.call import Call, Handler
from rpc.core.deadline import margin
from rpc.core.errors import RpcStatusError

import grpc


@dataclass(slots=True)
class Outcome:
    """How a call ended.

    Attributes:
        code: its status code.
        seconds: how long it took.
        message: what the caller is told of a failure.
        diagnosis: what the log should say of a failure and the caller should not see.
    """

    code: grpc.StatusCode
    seconds: float
    message: str = ""
    diagnosis: str | None = None


class Observer(Protocol):
    """Is told of each call's begin and end, on the event loop, so it must not block."""

    def started(self, call: Call) -> None:
        """The call has arrived."""

    def finished(self, call: Call, outcome: Outcome) -> None:
        """The call's status is known and about to be sent."""


def observe(handler: Handler, observers: Sequence[Observer]) -> Handler:
    """Tells the observers of each call that the handler answers."""

    async def observing(call: Call) -> bytes:
        for observer in observers:
            observer.started(call)
        error: BaseException | None = None
        try:
            return await handler(call)
        except BaseException as raised:
            error = raised
            raise
        finally:
            outcome = _outcome(call, error)
            for observer in observers:
                observer.finished(call, outcome)

    return observing


def _outcome(call: Call, error: BaseException | None) -> Outcome:
    seconds = time.perf_counter() - call.started
    if error is None:
        return Outcome(grpc.StatusCode.OK, seconds)
    if isinstance(error, RpcStatusError):
        return Outcome(error.code, seconds, error.message, error.diagnosis)
    if isinstance(error, grpc.aio.AbortError):
        return Outcome(call.context.code(), seconds, call.context.details())
    if isinstance(error, asyncio.CancelledError):
        return Outcome(_cancellation(call), seconds)
    return Outcome(grpc.StatusCode.UNKNOWN, seconds, diagnosis=repr(error))


def _cancellation(call: Call) -> grpc.StatusCode:
    # gRPC cancels a handler for both reasons and does not say which it was. A caller whose
    # deadline passes cancels at that moment, which can be just before this side's clock gets there.
    if call.expires is not None:
        early = margin(call.expires - call.started)
        if time.perf_counter() >= call.expires - early:
            return grpc.StatusCode.DEADLINE_EXCEEDED
    return grpc.StatusCode.CANCELLED
