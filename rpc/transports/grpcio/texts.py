"""The texts of gRPC's C core and of grpc.aio that this runtime has to recognise."""

import re

import grpc

CALLER_LEFT = "ExecuteBatchError raised in core by servicer method"
"""grpc.aio logs this, as an error, when it cannot send an answer because its caller has gone."""

CALL_IS_OVER = 'Failed "execute_batch"'
"""grpc.aio says this where it cannot send a message because the other side has ended the call."""

# The codes that gRPC itself may end a call with on this side of the wire. UNKNOWN is left out: with
# it the Go implementation's servers, which send no trailers, refuse a name, and their text is part
# of the contract.
_LOCAL_WORDS = {
    grpc.StatusCode.CANCELLED: re.compile(r"^$|^CANCELLED|RST_STREAM|ancelled by application"),
    grpc.StatusCode.DEADLINE_EXCEEDED: re.compile(r"^$|^Deadline Exceeded"),
    grpc.StatusCode.INTERNAL: re.compile(""),
    grpc.StatusCode.RESOURCE_EXHAUSTED: re.compile(r"^$|larger than max|RST_STREAM"),
    grpc.StatusCode.UNAVAILABLE: re.compile(""),
}


def is_local(error: grpc.aio.AioRpcError) -> bool:
    """Whether gRPC on this side has made a status, as opposed to the server that was called.

    A status with trailers came from a server. So may one without, in UNAVAILABLE or INTERNAL from a
    server that is none of ours: the two cannot be told apart.
    """
    words = _LOCAL_WORDS.get(error.code())
    if words is None or tuple(error.trailing_metadata() or ()):
        return False
    return words.search(error.details() or "") is not None
