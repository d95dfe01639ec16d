"""Asking a server for its health, as orchestrators and their probes do."""

import sys

import grpc
from grpc_health.v1 import health_pb2

from client.channel import ClientChannel, open_client_channel
from client.json_output import to_line
from client.output import show_failure, write
from client.settings import ClientSettings, OutputFormat

SERVICE = "grpc.health.v1.Health"
SERVING = "SERVING"
_NO_SUCH_SERVICE = "SERVICE_UNKNOWN"


async def show_health(settings: ClientSettings, service: str) -> bool:
    """Prints the health that a server reports for a service.

    Args:
        settings: where to ask and what to print.
        service: full name of the service, empty for the server as a whole.

    Returns:
        Whether it is SERVING.

    Raises:
        OutputError: the response cannot be written.
    """
    # A server that is NOT_SERVING is to say so itself, so calls go to it all the same.
    async with open_client_channel(settings, SERVICE, check_health=False) as opened:
        try:
            status = await _check(opened, service)
        except grpc.aio.AioRpcError as error:
            failure = await opened.explain(error)
            show_failure(failure, opened.request_ids.last, settings.output)
            return False
    write(sys.stdout, _line(service, status, settings.output))
    return status == SERVING


async def _check(opened: ClientChannel, service: str) -> str:
    check = opened.channel.unary_unary(
        f"/{SERVICE}/Check",
        request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
        response_deserializer=health_pb2.HealthCheckResponse.FromString,
    )
    try:
        response = await check(health_pb2.HealthCheckRequest(service=service))
    except grpc.aio.AioRpcError as error:
        if error.code() is grpc.StatusCode.NOT_FOUND:
            return _NO_SUCH_SERVICE
        raise
    return health_pb2.HealthCheckResponse.ServingStatus.Name(response.status)


def _line(service: str, status: str, output: OutputFormat) -> str:
    if output == "json":
        return to_line({"service": service, "status": status})
    return f"{status}\n"
