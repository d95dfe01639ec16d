"""The transport of grpcio: gRPC's C core under grpc.aio."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from rpc.transports.causes import in_words
from rpc.transports.grpcio.causes import connection_error
from rpc.transports.grpcio.channel import open_channel
from rpc.transports.grpcio.texts import is_local
from rpc.transports.transport import ChannelOptions, Methods, ServerOptions

import grpc

if TYPE_CHECKING:
    from rpc.transports.grpcio.server import GrpcioServer


class GrpcioTransport:
    """Makes servers and channels of grpc.aio."""

    has_channelz = True

    def server(self, methods: Methods, options: ServerOptions) -> "GrpcioServer":
        """A server. It does not listen yet."""
        # Programs that only call do without it.
        from rpc.transports.grpcio.server import GrpcioServer

        return GrpcioServer(methods, options)

    def channel(self, options: ChannelOptions) -> grpc.aio.Channel:
        """A channel. It connects when its first call needs it."""
        return open_channel(options)

    async def why_unusable(self, channel: grpc.aio.Channel) -> str:
        """Asks the channel by a health check, without waiting for a connection."""
        return in_words(await connection_error(channel))

    def each_turn(self, action: Callable[[], None]) -> None:
        """GRPC writes when it likes."""

    def status_of_request(self, error: Exception) -> None:
        """Its requests are read before the chain sees them."""

    def is_local(self, error: grpc.aio.AioRpcError) -> bool:
        """Whether gRPC on this side made a status."""
        return is_local(error)
