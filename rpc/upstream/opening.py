"""Opens the channel to an upstream, if it may be spoken to."""

from rpc.core.address import AddressError, is_loopback, parse_target
from rpc.tls.expiry import CertificateExpiry
from rpc.transports.transport import ChannelOptions, Transport
from rpc.upstream.service_config import service_config
from rpc.upstream.settings import PeerSettings

import grpc

MOST_MESSAGE_BYTES = 4 * 1024 * 1024
"""Default size of a message: gRPC's own."""


def open_channel(  # noqa: PLR0913  # all but three by name
    transport: Transport,
    settings: PeerSettings,
    service: str,
    *,
    insecure: bool,
    check_health: bool = True,
    expiry: CertificateExpiry | None = None,
    max_message_bytes: int = MOST_MESSAGE_BYTES,
) -> grpc.aio.Channel:
    """Opens a channel for the calls of one service. It connects when the first call needs it.

    Args:
        transport: carries the calls.
        settings: where to and how.
        service: full name of the service, as in `user.Orchestrator2Service`.
        insecure: plaintext is wanted even where the target is on another machine.
        check_health: call only servers that report SERVING for the service.
        expiry: watches the certificate shown to the server.
        max_message_bytes: size of a request or a response, before and after decompression.

    Raises:
        AddressError: the target is malformed, or would be spoken to in plaintext across a
            network without `insecure`.
        TlsError: a certificate or key cannot be used.
    """
    parse_target(settings.target)
    if settings.tls is None and not insecure and not is_loopback(settings.target):
        raise AddressError(
            f"{settings.target!r} may be on another machine, and plaintext would cross the network:"
            " set up TLS, or --insecure to go without"
        )
    return transport.channel(
        ChannelOptions(
            target=settings.target,
            tls=settings.tls,
            service_config=service_config(service),
            check_health=check_health,
            expiry=expiry,
            max_message_bytes=max_message_bytes,
        )
    )
