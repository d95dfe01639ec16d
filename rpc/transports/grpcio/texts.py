"""Texts of gRPC's C core and of grpc.aio for this runtime to recognise."""

import re

import grpc

CALLER_LEFT = "ExecuteBatchError raised in core by servicer method"
"""grpc.aio logs this, as an error, when it cannot send a response because its caller has gone."""

CALL_IS_OVER = 'Failed "execute_batch"'
"""grpc.aio's text where it cannot send a message because the other side has ended the call."""

BAD_ENCODING = "Invalid encoding on "
"""grpc.aio logs this, as an error, of a status with a text outside UTF-8."""

TIME_IS_UP = "Deadline Exceeded"
"""The core's text for a call past its deadline."""

# What the core and grpc.aio say of calls that they have ended. No server of ours has such words.
_OF_GRPC = re.compile(
    r"Stream removed\b|Received http2 header with status: \d+$|No status received$"
    r"|Internal error from Core$|CLIENT: (?:Received|Sent) message larger|Decompress"
    r"|received (?:initial |trailing )?metadata size"
)
_WRAPPED = re.compile(r"Stream removed \((?P<reason>.*)\)", re.DOTALL)

# The codes that gRPC itself may end a call with on this side of the wire. UNKNOWN with a text is
# left out: with it the Go implementation's servers, which send no trailers, refuse a name. Their
# text is part of the contract.
_LOCAL_WORDS = {
    grpc.StatusCode.CANCELLED: re.compile(r"^$|^CANCELLED|RST_STREAM|ancelled by application"),
    grpc.StatusCode.DEADLINE_EXCEEDED: re.compile(rf"^$|^{TIME_IS_UP}"),
    grpc.StatusCode.INTERNAL: re.compile(""),
    grpc.StatusCode.RESOURCE_EXHAUSTED: re.compile(r"^$|larger than max|RST_STREAM"),
    grpc.StatusCode.UNAVAILABLE: re.compile(""),
    # Of a number that is none of gRPC's.
    grpc.StatusCode.UNKNOWN: re.compile(r"^$"),
}


def is_local(error: grpc.aio.AioRpcError) -> bool:
    """Whether gRPC on this side has made a status, as opposed to the called server.

    A status with trailers came from a server, unless its text is gRPC's. So may one without, in
    UNAVAILABLE or INTERNAL from a foreign server: the two cannot be told apart.
    """
    details = error.details() or ""
    if _OF_GRPC.match(details):
        return True
    words = _LOCAL_WORDS.get(error.code())
    if words is None or tuple(error.trailing_metadata() or ()):
        return False
    return words.search(details) is not None


def reason_of(error: grpc.aio.AioRpcError) -> str | None:
    """Why gRPC on this side has ended a call, in less of its inner words. None for a server's."""
    details = error.details() or ""
    if not _OF_GRPC.match(details):
        return None
    wrapped = _WRAPPED.fullmatch(details)
    if wrapped is not None:
        return wrapped["reason"]
    if details.startswith("Internal error"):
        return error.debug_error_string() or ""
    return "the stream was removed" if details.startswith("Stream removed") else details
