"""grpc.health.v1: what a server says of its own state."""

import asyncio
import contextlib
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2

_NOTICE_SECONDS = 1.0


class HealthServicer(health.aio.HealthServicer):
    """grpcio's health servicer, whose `Watch` streams end when the server stops.

    Protocol: https://github.com/grpc/grpc/blob/master/doc/health-checking.md.
    """

    def __init__(self) -> None:
        super().__init__()
        self._watches = 0
        self._stopping = asyncio.Event()

    async def Watch(
        self,
        request: health_pb2.HealthCheckRequest,
        context: grpc.aio.ServicerContext[Any, Any],
    ) -> None:
        """Streams the status until the caller leaves or the server stops."""
        watching = asyncio.ensure_future(super().Watch(request, context))
        stopping = asyncio.ensure_future(self._stopping.wait())
        self._watches += 1
        try:
            await asyncio.wait({watching, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._watches -= 1
            watching.cancel()
            stopping.cancel()
            await asyncio.gather(watching, stopping, return_exceptions=True)

    @property
    def is_watched(self) -> bool:
        """Whether anyone has a `Watch` open."""
        return self._watches > 0

    async def serve(self, service: str) -> None:
        """Says SERVING of a service; of the server as a whole, "", it is said from the start."""
        await self.set(service, health_pb2.HealthCheckResponse.SERVING)

    async def drain(self) -> None:
        """Says NOT_SERVING of everything from now on, to `Check` and on each open `Watch`."""
        # A watcher that no longer reads must not keep the server from stopping.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_NOTICE_SECONDS):
                await self.enter_graceful_shutdown()

    def end_watches(self) -> None:
        """Ends each `Watch`, which would otherwise hold up the exit for the whole grace."""
        self._stopping.set()
