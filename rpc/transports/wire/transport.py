"""The transport of `wire`: gRPC over HTTP/2 on the event loop."""

from collections.abc import Callable

from rpc.core.errors import RpcStatusError
from rpc.transports.transport import ChannelOptions, Methods, ServerOptions
from rpc.transports.wire.credentials import ChannelContexts
from rpc.transports.wire.each_turn import EachTurn
from rpc.transports.wire.server import WireServer

import grpc

from wire.channel.channel import channel
from wire.channel.options import ChannelOptions as WireChannelOptions
from wire.errors import MessageError, TransportError


class WireTransport:
    """Makes servers and channels of `wire`."""

    has_channelz = False

    def server(self, methods: Methods, options: ServerOptions) -> WireServer:
        """A server that does not listen yet.

        Raises:
            TlsError: a certificate or key cannot be used.
        """
        return WireServer(methods, options)

    def channel(self, options: ChannelOptions) -> grpc.aio.Channel:
        """A channel, which connects when its first call needs it.

        Raises:
            TlsError: a certificate or key cannot be used.
        """
        tls = options.tls
        return channel(
            options.target,
            None if tls is None else ChannelContexts(tls),
            options=WireChannelOptions(
                service_config=options.service_config,
                server_name=None if tls is None else tls.server_name,
                check_health=options.check_health,
            ),
        )

    def each_turn(self, action: Callable[[], None]) -> Callable[[], object]:
        """Runs an action before the answers of a turn of the event loop leave."""
        return EachTurn(action).mark

    def status_of_request(self, error: Exception) -> RpcStatusError | None:
        """The status for requests that cannot be read, if an exception is about these."""
        return (
            RpcStatusError(error.code, error.details) if isinstance(error, MessageError) else None
        )

    def is_local(self, error: grpc.aio.AioRpcError) -> bool:
        """Whether this side of the wire made a status."""
        return isinstance(error, TransportError)
