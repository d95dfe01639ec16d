"""Why a call failed, in words that help whoever made it."""

import contextlib
from typing import cast

from rpc.core.address import is_loopback
from rpc.transports.grpcio.causes import connection_error
from rpc.transports.grpcio.texts import TIME_IS_UP, reason_of
from rpc.upstream.settings import PeerSettings

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import DecodeError
from grpc_status import rpc_status

from client.result import Failure
from client.settings import ClientSettings

# What gRPC's reasons have in them when one side speaks TLS and the other does not, or not so.
_OF_TLS = ("Socket closed", "Connection reset", "handshake", "verification")
_NEEDS_TLS = "does the server want TLS? --tls speaks it, --tls-ca and its siblings say how"
_LOOK_AT_TLS = (
    "does the server speak TLS? If so, look at --tls-ca, --tls-server-name and, where it asks for a"
    " certificate, --tls-certificate and --tls-key"
)
_START = "`./bazelw run //services:orc1` starts orc1, --target says where it is"


async def explain(
    error: grpc.aio.AioRpcError, channel: grpc.aio.Channel, settings: ClientSettings, service: str
) -> Failure:
    """Explains a failed call.

    A server's status is taken as it is. Where no server was reached, or none responded, gRPC only
    reports that the time is up. Then the message names the reason and what to do. gRPC's words on
    an unreadable response become a reason, with the server's address.

    Args:
        error: the failed call's.
        channel: the call's.
        settings: what the call was made with.
        service: full name of the called service.
    """
    message, reason = error.details() or "", reason_of(error)
    if error.code() is grpc.StatusCode.DEADLINE_EXCEEDED and TIME_IS_UP in (message, reason):
        message = await _silence(channel, settings, service)
    elif reason is not None:
        message = _without_response(error.code(), settings.server.target, reason)
    return Failure(error.code(), message, _details(error))


def _without_response(code: grpc.StatusCode, target: str, reason: str) -> str:
    if code is grpc.StatusCode.UNAVAILABLE:
        return f"no response from {target}: {reason}"
    return f"the response of {target} cannot be used: {reason}"


async def _silence(channel: grpc.aio.Channel, settings: ClientSettings, service: str) -> str:
    target, within = settings.server.target, f"within {settings.timeout:g} s"
    if channel.get_state() is grpc.ChannelConnectivity.READY:
        return f"no response from {target} {within}: --timeout gives it longer"
    reason = await connection_error(channel) or "it does not respond"
    hint = _hint(reason, settings.server, service)
    return f"cannot reach {target} {within}: {reason}: {hint}"


def _hint(reason: str, channel: PeerSettings, service: str) -> str:
    if "backend unhealthy" in reason:
        check = f"`client health --service {service}` at the same --target"
        return f"the server there does not serve {service}, or not now: {check} says more"
    if "resolving" in reason:
        return "is the name of the host in --target right?"
    if any(word in reason for word in _OF_TLS):
        return _NEEDS_TLS if channel.tls is None else _LOOK_AT_TLS
    if "refused" in reason and is_loopback(channel.target):
        return f"is the server running there? {_START}"
    return "is the server running there? --target says where it is"


def _details(error: grpc.aio.AioRpcError) -> list[AnyMessage]:
    # A status that does not fit the call's own is no reason to hide the call's.
    with contextlib.suppress(DecodeError, ValueError):
        status = rpc_status.from_call(cast("grpc.Call", error))
        return list(status.details) if status is not None else []
    return []
