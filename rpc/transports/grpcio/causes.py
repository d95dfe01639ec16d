"""Why a channel of grpcio has no connection: only a call not waiting for one fails with it."""

import grpc

_PROBE_SECONDS = 0.5
_LAST_ERROR = "last error: "


async def connection_error(channel: grpc.aio.Channel) -> str:
    """Asks a channel why there is no connection. It takes half a second at most.

    Returns:
        gRPC's own text, with the address before it. Empty where there is a connection, or no
        reply to the attempt to make one.
    """
    # The request for the server as a whole has no bytes, and its response is not used.
    check: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(
        "/grpc.health.v1.Health/Check"
    )
    try:
        await check(b"", timeout=_PROBE_SECONDS, wait_for_ready=False)
    except grpc.aio.AioRpcError as error:
        if error.code() is grpc.StatusCode.UNAVAILABLE:
            return (error.details() or "").rpartition(_LAST_ERROR)[2].removeprefix("UNKNOWN: ")
    return ""
