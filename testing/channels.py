"""How a test's channels connect."""

from rpc.tls.files import ChannelTls
from rpc.transports.grpcio.transport import GrpcioTransport
from rpc.upstream import opening
from rpc.upstream.settings import PeerSettings

import grpc

OWN_CONNECTION = [("grpc.use_local_subchannel_pool", 1)]
"""Channel options for a connection of the channel's own.

Else all channels of a process to one address share one: what begins on it has shaken hands already,
and is cancelled by gRPC where the server stops and its caller has not heard so yet.
"""


def open_channel(target: str, service: str, tls: ChannelTls | None = None) -> grpc.aio.Channel:
    """Opens a channel as a server opens that to its upstream: with retries and health checks.

    Args:
        target: a gRPC target.
        service: full name of the service that is called.
        tls: None for plaintext.
    """
    settings = PeerSettings(target=target, tls=tls)
    return opening.open_channel(GrpcioTransport(), settings, service, insecure=False)
