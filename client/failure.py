"""Why a call failed, in words that help whoever made it."""

import contextlib
from typing import Any, cast

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import DecodeError
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_status import rpc_status

from client.answer import Failure
from client.settings import ClientSettings

# What gRPC itself says, in place of a server, of a call whose time is up.
_TIME_IS_UP = "Deadline Exceeded"
_PROBE_SECONDS = 0.5


async def explain(
    error: grpc.aio.AioRpcError, channel: grpc.aio.Channel, settings: ClientSettings
) -> Failure:
    """Says what a failed call means.

    A server's status is taken as it is. Where no server was reached, or none answered, gRPC only
    says that the time is up; then the message names the reason and what to do.

    Args:
        error: the failed call's.
        channel: that the call was made on.
        settings: what the call was made with.
    """
    message = error.details() or ""
    details = _details(error)
    if error.code() is grpc.StatusCode.DEADLINE_EXCEEDED and message == _TIME_IS_UP:
        message = await _silence(channel, settings)
    return Failure(error.code(), message, details)


async def _silence(channel: grpc.aio.Channel, settings: ClientSettings) -> str:
    target, within = settings.channel.target, f"within {settings.timeout:g} s"
    if channel.get_state() is grpc.ChannelConnectivity.READY:
        return f"no answer from {target} {within}; --timeout gives it longer"
    reason = await _connection_error(channel)
    return (
        f"cannot reach {target} {within}: {reason}; is the server running there?"
        " `./bazelw run //services:orc1` starts orc1, --target says where it is"
    )


async def _connection_error(channel: grpc.aio.Channel) -> str:
    """Why there is no connection: gRPC says so only to a call that does not wait for one."""
    health = cast("Any", health_pb2_grpc.HealthStub(channel))
    try:
        request = health_pb2.HealthCheckRequest()
        await health.Check(request, timeout=_PROBE_SECONDS, wait_for_ready=False)
    except grpc.aio.AioRpcError as error:
        if error.code() is grpc.StatusCode.UNAVAILABLE:
            return (error.details() or "").rpartition("last error: ")[2].removeprefix("UNKNOWN: ")
    return "it does not answer"


def _details(error: grpc.aio.AioRpcError) -> list[AnyMessage]:
    # A status that does not fit the call's own is no reason to hide the call's.
    with contextlib.suppress(DecodeError, ValueError):
        status = rpc_status.from_call(cast("grpc.Call", error))
        return list(status.details) if status is not None else []
    return []
