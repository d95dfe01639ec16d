"""The client's channel to a server."""

from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from contextvars import ContextVar
from typing import cast

from rpc.core.call import UpstreamCall
from rpc.transports.grpcio.transport import GrpcioTransport
from rpc.upstream.channel import UpstreamChannel
from rpc.upstream.interceptor import UpstreamInterceptor
from rpc.upstream.opening import open_channel

import grpc

from client.failure import explain
from client.result import Failure
from client.settings import ClientSettings


class RequestIds(UpstreamInterceptor):
    """Remembers the id of the running task's last call."""

    def __init__(self) -> None:
        self._last: ContextVar[str] = ContextVar("request_id", default="")

    @property
    def last(self) -> str:
        """The id, empty before the task's first call."""
        return self._last.get()

    def started(self, call: UpstreamCall) -> None:
        """Notes the call's id."""
        self._last.set(call.request_id)


class ClientChannel:
    """What calls are made on.

    Attributes:
        channel: to make a stub on. Each call gets the deadline, a request id and, where traces
            are on, a trace, and waits for the server while there is time.
        request_ids: the id of the running task's last call.
    """

    def __init__(
        self,
        settings: ClientSettings,
        service: str,
        channel: grpc.aio.Channel,
        interceptors: list[UpstreamInterceptor],
    ) -> None:
        self._settings = settings
        self._service = service
        self._channel = channel
        self.request_ids = RequestIds()
        observed = UpstreamChannel(
            channel,
            settings.timeout,
            [*interceptors, self.request_ids],
            target=settings.server.target,
        )
        # A stub uses nothing of a channel but its methods.
        self.channel = cast("grpc.aio.Channel", observed)

    async def explain(self, error: grpc.aio.AioRpcError) -> Failure:
        """Says what a failed call on this channel means."""
        return await explain(error, self._channel, self._settings, self._service)


@asynccontextmanager
async def open_client_channel(
    settings: ClientSettings, service: str, *, check_health: bool = True
) -> AsyncIterator[ClientChannel]:
    """Opens a channel for the calls of one service. It connects when the first call needs it.

    Args:
        settings: where to and how.
        service: full name of the service, as in `user.Orchestrator1Service`.
        check_health: call only servers that report SERVING for the service.

    Raises:
        AddressError: the target would be spoken to in plaintext across a network.
        TlsError: a certificate or key cannot be used.
    """
    with ExitStack() as stack:
        interceptors = _tracing(stack, settings)
        channel = open_channel(
            GrpcioTransport(),
            settings.server,
            service,
            insecure=settings.insecure,
            check_health=check_health,
        )
        try:
            yield ClientChannel(settings, service, channel, interceptors)
        finally:
            await channel.close()


def _tracing(stack: ExitStack, settings: ClientSettings) -> list[UpstreamInterceptor]:
    if settings.otlp_endpoint is None:
        return []
    from rpc.telemetry.otel_environment import heed_environment, traces_collector
    from rpc.telemetry.setup import start_tracing

    heed_environment()
    tracing = start_tracing("client", traces_collector(settings.otlp_endpoint))
    if tracing is None:
        return []
    stack.callback(tracing.close)
    return [tracing.of_upstream_calls]
