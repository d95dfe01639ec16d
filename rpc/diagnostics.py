"""Reflection and channelz: what tools such as grpcurl and grpcdebug ask a server."""

from rpc.settings import ServerSettings

import grpc
from grpc_channelz.v1 import channelz
from grpc_health.v1 import health
from grpc_reflection.v1alpha import reflection


def add_diagnostics(server: grpc.aio.Server, settings: ServerSettings, service: str) -> None:
    """Adds grpc.reflection and grpc.channelz, each unless the settings leave it out.

    Args:
        server: the server that is being set up.
        settings: the server's settings.
        service: full name of the service that the server is for.
    """
    offered = [service, health.SERVICE_NAME]
    if settings.channelz:
        channelz.add_channelz_servicer(server)
        offered.append("grpc.channelz.v1.Channelz")
    if settings.reflection:
        reflection.enable_server_reflection([*offered, reflection.SERVICE_NAME], server)
