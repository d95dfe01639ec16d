"""From exceptions to statuses: what a caller sees, and what it does not."""

import traceback
from collections.abc import Callable

from rpc.core.call import Call
from rpc.core.errors import RpcStatusError, Trailers
from rpc.core.metadata_keys import NO_RETRY, RETRY_PUSHBACK, STATUS_DETAILS
from rpc.interceptors.interceptor import ServerInterceptor

import grpc

IsLocal = Callable[[grpc.aio.AioRpcError], bool]
"""Whether this side of the wire made a status, as opposed to the upstream."""

# The caller's text for a call to an upstream that this side ended. The transport's own text may
# name addresses.
_LOCAL_MESSAGES = {
    grpc.StatusCode.CANCELLED: "the call to an upstream service was cancelled",
    grpc.StatusCode.DEADLINE_EXCEEDED: "the deadline passed while waiting for an upstream service",
    grpc.StatusCode.RESOURCE_EXHAUSTED: "a message from or to an upstream service is too large",
    grpc.StatusCode.UNAVAILABLE: "an upstream service cannot be reached",
}
_MOST_DIAGNOSIS = 1000
_STATUSES = (RpcStatusError, grpc.aio.AioRpcError)
_UNREADABLE = "an upstream service's answer cannot be read"


StatusOfRequest = Callable[[Exception], RpcStatusError | None]
"""The status for requests unreadable to a transport, if an exception is about these."""


def _no_status(_: Exception) -> None:
    """For transports with requests read before the chain sees them."""


Upstreams = Callable[[], str]
"""How the connections to upstreams are, in words for the log."""


def no_upstreams() -> str:
    """For a server without upstreams."""
    return ""


class StatusMapping(ServerInterceptor):
    """Turns what a servicer raises into a status.

    A status of an upstream goes back unchanged. Of several, as asyncio.TaskGroup raises them, the
    first does. Any other exception is INTERNAL without its text.
    """

    def __init__(
        self,
        is_local: IsLocal,
        status_of_request: StatusOfRequest = _no_status,
        upstreams: Upstreams = no_upstreams,
    ) -> None:
        """Makes the mapping for a transport's errors."""
        self._is_local = is_local
        self._status_of_request = status_of_request
        self._upstreams = upstreams

    def failed(self, call: Call, error: Exception) -> RpcStatusError:
        """The status for an exception."""
        error = _first_of_statuses(error)
        if isinstance(error, RpcStatusError):
            return error
        if isinstance(error, grpc.aio.AioRpcError):
            status = upstream_status(error, is_local=self._is_local(error))
            if status.diagnosis is not None:
                # The transport's words need not say which upstream it was.
                status.diagnosis = "; ".join(filter(None, (status.diagnosis, self._upstreams())))
            return status
        if isinstance(error, NotImplementedError):
            # The generated base of a servicer sets a code. Who raises this by mistake does not.
            return servicer_status(call) or internal_error(call, error)
        return self._status_of_request(error) or internal_error(call, error)


def _first_of_statuses(error: Exception) -> Exception:
    """The first exception of a group of nothing but statuses. Any other exception as it is."""
    if isinstance(error, ExceptionGroup) and error.split(_STATUSES)[1] is None:
        return first_in(error)
    return error


def first_in(error: Exception) -> Exception:
    """The first exception of a group, whatever groups are in it. Any other exception as it is."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return error


def servicer_status(call: Call) -> RpcStatusError | None:
    """The servicer's status from gRPC's `context.set_code`, if it is a failure."""
    code = call.context.code()
    if not isinstance(code, grpc.StatusCode) or code is grpc.StatusCode.OK:
        return None
    return RpcStatusError(
        code, call.context.details() or "", tuple(call.context.trailing_metadata() or ())
    )


def upstream_status(error: grpc.aio.AioRpcError, *, is_local: bool) -> RpcStatusError:
    """The status of a call after its call to an upstream failed.

    UNAVAILABLE stops the caller's retries: this server has done so already, and attempts
    would multiply along the chain.

    Args:
        error: of the call to the upstream.
        is_local: this side made the status. It keeps its code. Its text goes to the log only.
    """
    message, diagnosis = error.details() or "", None
    if is_local:
        message = _LOCAL_MESSAGES.get(error.code(), _UNREADABLE)
        # gRPC lists the headers that it refuses, of which there may be any number.
        diagnosis = (error.debug_error_string() or "")[:_MOST_DIAGNOSIS]
    trailers: Trailers = ()
    if not is_local:
        received = error.trailing_metadata() or ()
        trailers = tuple((k, v) for k, v in received if k == STATUS_DETAILS)
    if error.code() is grpc.StatusCode.UNAVAILABLE:
        trailers += ((RETRY_PUSHBACK, NO_RETRY),)
    return RpcStatusError(error.code(), message, trailers, diagnosis)


def internal_error(call: Call, error: Exception) -> RpcStatusError:
    """INTERNAL without the exception's text. The text goes to the log."""
    message = f"internal error; the server's log has it under request id {call.request_id}"
    diagnosis = "".join(traceback.format_exception(error))
    return RpcStatusError(grpc.StatusCode.INTERNAL, message, diagnosis=diagnosis)


def without_exit(error: Exception | SystemExit) -> Exception:
    """The error. An exit, as of a library for command lines, would end the server."""
    if isinstance(error, Exception):
        return error
    mapped = RuntimeError("a servicer has asked for the end of the process")
    mapped.__cause__ = error
    return mapped
