"""grpc.aio's context of a call with streams. Its caller may leave while a response is written."""

import asyncio
from typing import Any

from rpc.core.call import ServicerContext
from rpc.core.errors import RpcStatusError
from rpc.transports.grpcio.texts import CALL_IS_OVER

import grpc

CANCELLATION_SECONDS = 0.1
"""How long after the end of a call gRPC may still report it as cancelled."""


class StreamContext:
    """Stands in for grpc.aio's context: it can be neither subclassed nor added to."""

    def __init__(self, context: ServicerContext) -> None:
        self._context = context

    def __getattr__(self, name: str) -> Any:
        """All else is the context's own."""
        return getattr(self._context, name)

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
