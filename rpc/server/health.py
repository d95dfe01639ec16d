"""grpc.health.v1: a server's own state."""

import asyncio
from typing import Any

from rpc.core.errors import RpcStatusError
from rpc.server.health_list import IS_BROUGHT, HealthListRequest, HealthListResponse

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

# What a watcher may take to read the last status. One that reads nothing is not waited for.
_LAST_WORD_SECONDS = 0.1

_Status = health_pb2.HealthCheckResponse
_Context = grpc.aio.ServicerContext[Any, Any]


class HealthServicer(health_pb2_grpc.HealthServicer):
    """Serves `Check`, `List` and `Watch`.

    Protocol: https://github.com/grpc/grpc/blob/master/doc/health-checking.md. It is not grpcio's
    servicer, as grpcio's writes to a watcher under a lock: a watcher that does not read keeps all
    others from hearing that the server stops.
    """

    def __init__(self) -> None:
        self._status: Any = _Status.SERVING
        self._statuses = {"": self._status}
        self._unusable: set[str] = set()
        self._changed = asyncio.Event()
        self._watches = 0
        self._writing: set[asyncio.Future[Any]] = set()
        self._stopping = False

    @property
    def is_watched(self) -> bool:
        """Whether anyone has a `Watch` open."""
        return self._watches > 0

    def set_serving(self, service: str) -> None:
        """Reports SERVING for a service, unless the server drains already.

        For the server as a whole, "", it does so from the start.
        """
        self._statuses[service] = self._of_services()
        self._notify()

    def upstream_unusable(self, upstream: str) -> None:
        """Reports NOT_SERVING for each service until `upstream_usable`.

        The status of the server as a whole stays the same. A restart would not bring the upstream
        back.
        """
        self._unusable.add(upstream)
        self._say_of_services()

    def upstream_usable(self, upstream: str) -> None:
        """Takes `upstream_unusable` back."""
        self._unusable.discard(upstream)
        self._say_of_services()

    def _say_of_services(self) -> None:
        status = self._of_services()
        self._statuses = {name: status if name else self._status for name in self._statuses}
        self._notify()

    def _of_services(self) -> Any:
        return _Status.NOT_SERVING if self._unusable else self._status

    def drain(self) -> None:
        """Reports NOT_SERVING for everything from now on, to `Check` and on each open `Watch`."""
        self._status = _Status.NOT_SERVING
        self._statuses = dict.fromkeys(self._statuses, self._status)
        self._notify()

    def end_watches(self) -> None:
        """Ends each `Watch`: it would otherwise hold up the exit for the whole grace."""
        self._stopping = True
        self._notify()
        asyncio.get_running_loop().call_later(_LAST_WORD_SECONDS, self._give_up_writes)

    async def Check(
        self, request: health_pb2.HealthCheckRequest, context: _Context
    ) -> health_pb2.HealthCheckResponse:
        """Responds with the status of a service.

        Raises:
            RpcStatusError: NOT_FOUND, the server has no such service.
        """
        status = self._statuses.get(request.service)
        if status is None:
            raise RpcStatusError(grpc.StatusCode.NOT_FOUND, "unknown service")
        return _Status(status=status)

    async def List(self, request: Any, context: _Context) -> Any:
        """Responds with the status of each service."""
        response = HealthListResponse()
        for service, status in self._statuses.items():
            response.statuses[service].status = status
        return response

    async def Watch(self, request: health_pb2.HealthCheckRequest, context: _Context) -> None:
        """Streams the status until the caller leaves or the server stops."""
        self._watches += 1
        try:
            await self._watch(request.service, context)
        finally:
            self._watches -= 1

    async def _watch(self, service: str, context: _Context) -> None:
        sent = None
        while True:
            changed = self._changed
            status = self._statuses.get(service, _Status.SERVICE_UNKNOWN)
            if status != sent:
                await self._write(_Status(status=status), context)
                sent = status
            # Not before the last status is out.
            if self._stopping:
                return
            await changed.wait()

    async def _write(self, response: health_pb2.HealthCheckResponse, context: _Context) -> None:
        # A task of its own, as `end_watches` cancels it: the call itself is to end with a status.
        writing = asyncio.ensure_future(context.write(response))
        self._writing.add(writing)
        try:
            await asyncio.wait({writing})
        finally:
            self._writing.discard(writing)
            writing.cancel()
        if not writing.cancelled():
            writing.result()

    def _give_up_writes(self) -> None:
        for writing in self._writing:
            writing.cancel()

    def _notify(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()


def add_health(servicer: HealthServicer, server: grpc.aio.Server) -> None:
    """Adds grpc.health.v1 to a server, with `List` in it."""
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    if not IS_BROUGHT:
        handler: Any = grpc.unary_unary_rpc_method_handler(
            servicer.List,
            request_deserializer=HealthListRequest.FromString,
            response_serializer=HealthListResponse.SerializeToString,
        )
        adding: Any = server  # types-grpcio 1.82 lacks the method
        adding.add_registered_method_handlers(health.SERVICE_NAME, {"List": handler})
