"""Why calls fail on this side, and why connections do: words for callers, and words for logs."""

from __future__ import annotations

import errno
import os
import ssl

import grpc

from wire.errors import TransportError

# What a caller of this side's own caller may see: no address, no name of a file.
_DETAILS = {
    grpc.StatusCode.CANCELLED: "the call to an upstream service was cancelled",
    grpc.StatusCode.DEADLINE_EXCEEDED: "the deadline passed while waiting for an upstream service",
    grpc.StatusCode.INTERNAL: "an upstream service's answer cannot be read",
    grpc.StatusCode.RESOURCE_EXHAUSTED: "a message from or to an upstream service is too large",
    grpc.StatusCode.UNAVAILABLE: "an upstream service cannot be reached",
    grpc.StatusCode.UNIMPLEMENTED: "an upstream service has answered a call in another way",
}
_OTHER_DETAILS = "an upstream service has ended a call without a gRPC status"

_WORDS = {
    errno.ECONNREFUSED: "connection refused",
    errno.ECONNRESET: "connection reset by the peer",
    errno.EHOSTUNREACH: "no route to the host",
    errno.ENETUNREACH: "no route to the network",
    errno.ETIMEDOUT: "the connection timed out",
    errno.ENOENT: "there is no such socket",
    errno.EACCES: "permission denied",
    errno.EMFILE: "too many open files",
    errno.ENFILE: "too many open files in the system",
}


def transport_error(code: grpc.StatusCode, cause: str) -> TransportError:
    """The error of a call ended by this side.

    Args:
        code: its status.
        cause: what happened, for this side's log. May name addresses.
    """
    return TransportError(
        code, details=_DETAILS.get(code, _OTHER_DETAILS), debug_error_string=cause
    )


def words_for(error: BaseException) -> str:
    """Why a connection could not be made, in words."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"TLS: the server's certificate is not trusted: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"TLS: the handshake failed: {error.reason or error}"
    if isinstance(error, TimeoutError):
        return "the connection timed out"
    if isinstance(error, OSError) and error.errno is not None:
        return _WORDS.get(error.errno) or os.strerror(error.errno).lower()
    return str(error) or type(error).__name__
