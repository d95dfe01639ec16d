"""grpc.aio's context of a call. Its caller may leave while a response is written."""

import asyncio
from typing import Any

from rpc.core.call import ServicerContext
from rpc.core.errors import RpcStatusError
from rpc.transports.grpcio.status import (
    sendable_code,
    sendable_metadata,
    sendable_text,
    status_code,
)
from rpc.transports.grpcio.texts import CALL_IS_OVER

import grpc

CANCELLATION_SECONDS = 0.1
"""How long after the end of a call gRPC may still report it as cancelled."""


class CallContext:
    """Stands in for grpc.aio's context: it can be neither subclassed nor added to.

    Its calls end whatever status a servicer gives.
    """

    __slots__ = ("_context", "code")

    def __init__(self, context: ServicerContext) -> None:
        self._context = context
        # Each call is asked for it.
        self.code = context.code

    def __getattr__(self, name: str) -> Any:
        """All else is the context's own."""
        return getattr(self._context, name)

    async def abort(self, code: Any, details: Any = "", trailing_metadata: Any = ()) -> None:
        """Ends the call with a status.

        Raises:
            grpc.aio.AbortError: always.
        """
        await self._context.abort(
            sendable_code(code), sendable_text(details), sendable_metadata(trailing_metadata)
        )

    async def abort_with_status(self, status: Any) -> None:
        """Ends the call with a status object, as of grpc_status.rpc_status."""
        await self.abort(status.code, status.details, status.trailing_metadata)

    def set_code(self, code: Any) -> None:
        """Sets the code of the status."""
        self._context.set_code(status_code(code))

    def set_details(self, details: Any) -> None:
        """Sets the text of the status."""
        self._context.set_details(sendable_text(details))

    def set_trailing_metadata(self, metadata: Any) -> None:
        """Sets what is sent with the status."""
        self._context.set_trailing_metadata(sendable_metadata(metadata))


class StreamContext(CallContext):
    """The same for a call with streams."""

    __slots__ = ()

    async def write(self, response: Any) -> None:
        """Writes a response.

        Raises:
            RpcStatusError: CANCELLED, the caller has left.
        """
        try:
            await self._context.write(response)
        except Exception as error:
            if not str(error).startswith(CALL_IS_OVER):
                raise
            # gRPC cancels this task, but not before it has told that it cannot send.
            await asyncio.sleep(CANCELLATION_SECONDS)
            raise RpcStatusError(grpc.StatusCode.CANCELLED, "the caller has left") from error
