"""Runs the servicer's method of a unary call."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import grpc

from wire.errors import MessageError
from wire.server.incoming import unreadable_request

if TYPE_CHECKING:
    from wire.server.call import Call
    from wire.server.methods import Method

_logger = logging.getLogger(__name__)


async def respond_unary(call: Call, method: Method, message: bytes) -> None:
    """Respond to a call of one request and one response."""
    call.running = True
    try:
        request = message if method.parse is None else method.parse(message)
    except Exception:  # noqa: BLE001 - whatever a parser raises.
        call.stopped_running()
        failed(call, unreadable_request())
        return
    try:
        response = await method.behavior(request, call)
        call.stopped_running()
        call.respond(response)
    except BaseException as error:  # noqa: BLE001 - `failed` raises what is not the call's.
        if call.running:
            call.stopped_running()
        failed(call, error)


def failed(call: Call, error: BaseException) -> None:
    """End a call after its servicer's exception.

    Its text stays in the log: it may contain anything. The caller gets the status and the text set
    before. Without them it gets UNKNOWN, as the specification of statuses has it.
    """
    if isinstance(error, grpc.aio.AbortError):
        if not call.ended:
            call.fail(call.code() or grpc.StatusCode.UNKNOWN, call.details() or "")
    elif isinstance(error, asyncio.CancelledError):
        if not call.ended:
            call.fail(grpc.StatusCode.CANCELLED, "the call was cancelled")
    elif isinstance(error, MessageError):
        call.fail(error.code, error.details)
    elif not isinstance(error, Exception):
        call.fail(grpc.StatusCode.UNKNOWN, "the server is going down")
        raise error
    elif not call.ended:
        _fail_unexpectedly(call, error)


def _fail_unexpectedly(call: Call, error: Exception) -> None:
    # grpc.aio's servicers say UNIMPLEMENTED by set_code and an exception.
    if isinstance(error, NotImplementedError) and call.code() is grpc.StatusCode.UNIMPLEMENTED:
        call.fail(grpc.StatusCode.UNIMPLEMENTED, call.details() or "")
        return
    _logger.error("servicer_failed", exc_info=error, extra={"method": call.method})
    details = call.details() or "the servicer failed"
    call.fail(call.code() or grpc.StatusCode.UNKNOWN, details)
