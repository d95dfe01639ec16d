"""Channels of grpc.aio: patient while the upstream is away."""

from typing import cast

from rpc.transports.grpcio.core_calls import mend_calls
from rpc.transports.grpcio.credentials import channel_credentials
from rpc.transports.grpcio.quiet_lines import quieten
from rpc.transports.reloading_channel import ReloadingChannel
from rpc.transports.transport import ChannelOptions

import grpc

KEEPALIVE_SECONDS = 300
"""The shortest interval between pings allowed by a server with gRPC's default limits."""

KEEPALIVE_TIMEOUT_SECONDS = 20
"""How long unacknowledged pings and data keep a dead connection alive."""


def open_channel(options: ChannelOptions) -> grpc.aio.Channel:
    """Opens a channel. It follows its certificates where it has any.

    Raises:
        TlsError: a certificate or key cannot be used.
    """
    quieten()
    arguments = _arguments(options)
    if options.tls is None:
        return mend_calls(grpc.aio.insecure_channel(options.target, options=arguments))
    tls = options.tls
    if tls.server_name is not None:
        arguments.append(("grpc.ssl_target_name_override", tls.server_name))

    credentials = channel_credentials(tls, options.expiry)

    def open_secure() -> grpc.aio.Channel:
        return mend_calls(grpc.aio.secure_channel(options.target, credentials(), options=arguments))

    # A stub uses nothing of a channel but its methods.
    return cast("grpc.aio.Channel", ReloadingChannel(open_secure, tls))


def _arguments(options: ChannelOptions) -> list[tuple[str, str | int]]:
    return [
        ("grpc.service_config", options.service_config),
        # Ours holds whatever a resolver may say: the retry limits are part of the design.
        ("grpc.service_config_disable_resolution", 1),
        ("grpc.inhibit_health_checking", int(not options.check_health)),
        # An upstream that comes back is found within half a second. gRPC would wait up to 2 min.
        ("grpc.initial_reconnect_backoff_ms", 100),
        ("grpc.max_reconnect_backoff_ms", 500),
        ("grpc.dns_min_time_between_resolutions_ms", 1000),
        ("grpc.keepalive_time_ms", KEEPALIVE_SECONDS * 1000),
        ("grpc.keepalive_timeout_ms", KEEPALIVE_TIMEOUT_SECONDS * 1000),
        ("grpc.max_receive_message_length", options.max_message_bytes),
        ("grpc.max_send_message_length", options.max_message_bytes),
        # Services call each other directly. A proxy set for the web is not meant for them.
        ("grpc.enable_http_proxy", 0),
    ]
