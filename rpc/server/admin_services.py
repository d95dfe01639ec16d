"""Reflection and channelz: what tools such as grpcurl and grpcdebug ask a server."""

from typing import Any

from rpc.server.settings import ServerSettings

import grpc
from grpc_channelz.v1 import channelz, channelz_pb2, channelz_pb2_grpc
from grpc_health.v1 import health
from grpc_reflection.v1alpha import reflection, reflection_pb2_grpc

_CHANNELZ = channelz_pb2.DESCRIPTOR.services_by_name["Channelz"].full_name


def add_diagnostics(server: grpc.aio.Server, settings: ServerSettings, service: str) -> None:
    """Adds grpc.reflection and grpc.channelz, each unless the settings leave it out.

    Args:
        server: the server that is being set up.
        settings: the server's settings.
        service: full name of the service that the server is for.
    """
    offered = [service, health.SERVICE_NAME]
    if settings.channelz:
        channelz_pb2_grpc.add_ChannelzServicer_to_server(channelz.aio.ChannelzServicer(), server)
        offered.append(_CHANNELZ)
    if settings.reflection:
        names = [*offered, reflection.SERVICE_NAME]
        add: Any = reflection_pb2_grpc.add_ServerReflectionServicer_to_server  # has no types
        add(reflection.aio.ReflectionServicer(names), server)
