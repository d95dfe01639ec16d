"""From exceptions to statuses: what a caller is told, and what it is not."""

import re
import traceback

from rpc.core.call import REQUEST_ID_KEY, Call, Handler
from rpc.core.errors import STATUS_DETAILS_KEY, RpcStatusError, Trailers
from rpc.upstream.service_config import NO_RETRY, PUSHBACK_KEY

import grpc
from google.protobuf.message import DecodeError

# The codes that gRPC itself may end a call with on this side of the wire, and what a caller is
# told then: gRPC's own text has addresses in it. UNKNOWN is left out: with it the reference's
# servers, which send no trailers, refuse a name, and their text is part of the contract.
_LOCAL_MESSAGES = {
    grpc.StatusCode.CANCELLED: "the call to an upstream service was cancelled",
    grpc.StatusCode.DEADLINE_EXCEEDED: "the deadline passed while waiting for an upstream service",
    grpc.StatusCode.INTERNAL: "an upstream service's answer cannot be read",
    grpc.StatusCode.RESOURCE_EXHAUSTED: "a message from or to an upstream service is too large",
    grpc.StatusCode.UNAVAILABLE: "an upstream service cannot be reached",
}

# What gRPC's own texts for some of these codes look like, C core's and grpc.aio's.
_LOCAL_WORDS = {
    grpc.StatusCode.CANCELLED: re.compile(r"^$|^CANCELLED|RST_STREAM|ancelled by application"),
    grpc.StatusCode.DEADLINE_EXCEEDED: re.compile(r"^$|^Deadline Exceeded"),
    grpc.StatusCode.RESOURCE_EXHAUSTED: re.compile(r"^$|larger than max|RST_STREAM"),
}


def map_errors(handler: Handler) -> Handler:
    """Turns whatever a servicer raises into an `RpcStatusError`.

    Save a cancellation, and the end of a call by `context.abort`, which has been sent by then.
    """

    async def mapping_errors(call: Call) -> bytes:
        try:
            return await handler(call)
        except (RpcStatusError, grpc.aio.AbortError):
            raise
        except grpc.aio.AioRpcError as error:
            raise upstream_status(error) from error
        except NotImplementedError as error:
            # The generated base of a servicer sets a code; who raises this by mistake does not.
            raise servicer_status(call) or _internal(call, error) from error
        except Exception as error:
            raise _internal(call, error) from error

    return mapping_errors


def end_with_status(handler: Handler) -> Handler:
    """Ends a call whose handler raises an `RpcStatusError` with that status; the outermost part."""

    async def ending(call: Call) -> bytes:
        try:
            return await handler(call)
        except RpcStatusError as error:
            # The id tells a caller what to ask the operators for, and an orchestrator that the
            # status came from a server and not from its own side of the wire.
            trailers = ((REQUEST_ID_KEY, call.request_id), *error.trailers)
            await call.context.abort(error.code, error.message, trailers)

    return ending


def servicer_status(call: Call) -> RpcStatusError | None:
    """The status that a servicer has set by gRPC's `context.set_code`, if it is one of failure."""
    code = call.context.code()
    if not isinstance(code, grpc.StatusCode) or code is grpc.StatusCode.OK:
        return None
    return RpcStatusError(
        code, call.context.details(), tuple(call.context.trailing_metadata() or ())
    )


def upstream_status(error: grpc.aio.AioRpcError) -> RpcStatusError:
    """The status of a call whose call to an upstream failed.

    A status that the upstream sent goes back unchanged. One that this side made, say of a
    connection that broke, keeps its code; its message, which has addresses in it, goes to the
    log only. (So does the message of an upstream that is none of ours, sends no trailers, and
    ends a call with UNAVAILABLE or INTERNAL: the two cannot be told apart.) UNAVAILABLE tells
    the caller not to try again: this server has done so already, and attempts would multiply
    along the chain.
    """
    received = tuple(error.trailing_metadata() or ())
    message, diagnosis = error.details() or "", None
    if not received and _is_local(error.code(), message):
        message, diagnosis = _LOCAL_MESSAGES[error.code()], error.debug_error_string()
    trailers: Trailers = tuple((k, v) for k, v in received if k == STATUS_DETAILS_KEY)
    if error.code() is grpc.StatusCode.UNAVAILABLE:
        trailers += ((PUSHBACK_KEY, NO_RETRY),)
    return RpcStatusError(error.code(), message, trailers, diagnosis)


def _is_local(code: grpc.StatusCode, message: str) -> bool:
    """Whether gRPC on this side has made a status that came without trailers."""
    words = _LOCAL_WORDS.get(code)
    return code in _LOCAL_MESSAGES and (words is None or words.search(message) is not None)


def undecodable(error: DecodeError) -> RpcStatusError:
    """The status for bytes that are not the message they should be.

    https://grpc.github.io/grpc/core/md_doc_statuscodes.html: a server that cannot parse a
    request answers INTERNAL.
    """
    message = "the request is not a valid message of the method's type"
    return RpcStatusError(grpc.StatusCode.INTERNAL, message, diagnosis=str(error))


def unknown_method() -> RpcStatusError:
    """The status for a method that there is not, with the same source and in gRPC's own words."""
    return RpcStatusError(grpc.StatusCode.UNIMPLEMENTED, "Method not found!")


def missing_request() -> RpcStatusError:
    """The status for a call that ends before there is a request, with the same source."""
    return RpcStatusError(grpc.StatusCode.INTERNAL, "the call ended without a request")


def _internal(call: Call, error: Exception) -> RpcStatusError:
    message = f"internal error; the server's log has it under request id {call.request_id}"
    diagnosis = "".join(traceback.format_exception(error))
    return RpcStatusError(grpc.StatusCode.INTERNAL, message, diagnosis=diagnosis)
