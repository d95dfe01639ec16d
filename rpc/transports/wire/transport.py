"""The transport of `wire`: gRPC over HTTP/2 on the event loop."""

from collections.abc import Callable
from typing import Any, cast

from rpc.core.errors import RpcStatusError
from rpc.transports.causes import in_words
from rpc.transports.reloading_channel import ReloadingChannel
from rpc.transports.transport import ChannelOptions, Methods, ServerOptions
from rpc.transports.wire.credentials import channel_credentials
from rpc.transports.wire.each_turn import EachTurn
from rpc.transports.wire.server import WireServer

import grpc

from wire.channel.channel import channel
from wire.channel.options import ChannelOptions as WireChannelOptions
from wire.errors import MessageError, TransportError
from wire.http2.limits import Limits
from wire.tls import ChannelCredentials


class WireTransport:
    """Makes servers and channels of `wire`."""

    has_channelz = False

    def server(self, methods: Methods, options: ServerOptions) -> WireServer:
        """A server. It does not listen yet.

        Raises:
            TlsError: a certificate or key cannot be used.
        """
        return WireServer(methods, options)

    def channel(self, options: ChannelOptions) -> grpc.aio.Channel:
        """A channel. It connects when its first call needs it.

        Raises:
            TlsError: a certificate or key cannot be used.
        """
        tls = options.tls
        if tls is None:
            return _open(options, None)
        # A connection that shows an old certificate ends before the certificate does.
        credentials = channel_credentials(tls, options.expiry)
        reloading = ReloadingChannel(lambda: _open(options, credentials()), tls)
        return cast("grpc.aio.Channel", reloading)

    async def why_unusable(self, channel: grpc.aio.Channel) -> str:
        """What its connections have failed with last."""
        current: Any = channel.current if isinstance(channel, ReloadingChannel) else channel
        return in_words(current.last_error or "")

    def each_turn(self, action: Callable[[], None]) -> Callable[[], object]:
        """Runs an action before the responses of a turn of the event loop leave."""
        return EachTurn(action).mark

    def status_of_request(self, error: Exception) -> RpcStatusError | None:
        """The status for unreadable requests, if an exception is about these."""
        return (
            RpcStatusError(error.code, error.details) if isinstance(error, MessageError) else None
        )

    def is_local(self, error: grpc.aio.AioRpcError) -> bool:
        """Whether this side of the wire made a status."""
        return isinstance(error, TransportError)


def _open(options: ChannelOptions, credentials: ChannelCredentials | None) -> grpc.aio.Channel:
    return channel(
        options.target,
        credentials,
        options=WireChannelOptions(
            service_config=options.service_config,
            server_name=None if options.tls is None else options.tls.server_name,
            check_health=options.check_health,
            limits=Limits(max_message_bytes=options.max_message_bytes),
        ),
    )
