"""The runtime's own services for operators and their tools."""

import asyncio

from rpc.server.health import HealthServicer, add_health
from rpc.server.methods import Methods
from rpc.server.settings import AdminSettings

from grpc_health.v1 import health


def add_admin_services(
    methods: Methods,
    health_servicer: HealthServicer,
    settings: AdminSettings,
    stopping: asyncio.Event,
) -> None:
    """Adds grpc.health and, unless the settings leave them out, grpc.reflection and grpc.channelz.

    Args:
        methods: the server's, with the program's own services in it.
        health_servicer: handles the health service.
        settings: what is wanted.
        stopping: ends the streams of reflection when it is set.
    """
    server = methods.admin
    add_health(health_servicer, server)
    offered = [*methods.services, health.SERVICE_NAME]
    if settings.channelz:
        from grpc_channelz.v1 import channelz, channelz_pb2, channelz_pb2_grpc

        channelz_pb2_grpc.add_ChannelzServicer_to_server(channelz.aio.ChannelzServicer(), server)
        offered.append(channelz_pb2.DESCRIPTOR.services_by_name["Channelz"].full_name)
    if settings.reflection:
        from rpc.server.reflection import add_reflection

        add_reflection(server, offered, stopping)
