"""A call's outcome, of any kind: its status, its metadata, its time."""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import TYPE_CHECKING

import grpc

from wire.channel.responses import ResponseError, metadata_of
from wire.channel.retryable_call import RetryableCall

if TYPE_CHECKING:
    from wire.http2.fields import Fields


CANCELLED_HERE = "the call was cancelled by this side"
"""The text of a call that its caller has cancelled."""


class Outcome(RetryableCall):
    """The methods of grpc.aio's calls that need only the call's end."""

    if not TYPE_CHECKING:
        __slots__ = ()

    _head: Fields | None
    _trailers: Fields

    async def ended(self) -> None:
        """Returns when the call is over, in whichever way."""
        raise NotImplementedError

    async def _begun(self) -> None:
        """Returns when the head of the response is here, or there will be none."""
        raise NotImplementedError

    def _error(self) -> BaseException | None:
        """The error of a finished call, or None."""
        raise NotImplementedError

    async def _rpc_error(self) -> grpc.aio.AioRpcError | None:
        await self.ended()
        error = self._error()
        return error if isinstance(error, grpc.aio.AioRpcError) else None

    async def code(self) -> grpc.StatusCode:
        """The status. Waits for the call's end."""
        error = await self._rpc_error()
        if error is not None:
            return error.code()
        if isinstance(self._error(), asyncio.CancelledError):
            return grpc.StatusCode.CANCELLED
        return grpc.StatusCode.OK

    async def details(self) -> str:
        """The text of the status. Waits for the call's end."""
        error = await self._rpc_error()
        if error is None:
            return CANCELLED_HERE if isinstance(self._error(), asyncio.CancelledError) else ""
        return error.details() or ""

    async def debug_error_string(self) -> str:
        """The whole cause of a failure, with addresses. Waits for the call's end."""
        error = await self._rpc_error()
        return "" if error is None else error.debug_error_string() or ""

    async def initial_metadata(self) -> grpc.aio.Metadata:
        """What the server sent before its responses. Waits for it."""
        await self._begun()
        return _metadata_or_nothing(self._head or [])

    async def trailing_metadata(self) -> grpc.aio.Metadata:
        """What the server sent after its responses. Waits for it."""
        await self.ended()
        return _metadata_or_nothing(self._trailers)

    def time_remaining(self) -> float | None:
        """Seconds until the deadline, or None without one."""
        return None if self._expires is None else max(0.0, self._expires - perf_counter())


def _metadata_or_nothing(fields: Fields) -> grpc.aio.Metadata:
    # Malformed values have failed the call already.
    try:
        return metadata_of(fields)
    except ResponseError:
        return grpc.aio.Metadata()
