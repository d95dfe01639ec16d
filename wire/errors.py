"""Errors of calls: what a caller sees, and what one side finds wrong in the bytes of the other."""

import grpc


class TransportError(grpc.aio.AioRpcError):
    """A call's failure found by this side, rather than a status from the peer.

    `details()` is safe to pass on to a caller: it names no address and no file.
    `debug_error_string()` has the whole cause and is for this side's log.
    """

    def __init__(
        self,
        code: grpc.StatusCode,
        initial_metadata: grpc.aio.Metadata | None = None,
        trailing_metadata: grpc.aio.Metadata | None = None,
        details: str | None = None,
        debug_error_string: str | None = None,
    ) -> None:
        super().__init__(
            code,
            initial_metadata or grpc.aio.Metadata(),
            trailing_metadata or grpc.aio.Metadata(),
            details,
            debug_error_string,
        )


class MessageError(Exception):
    """Bytes from the peer that are no message, or a message beyond a limit.

    Attributes:
        code: the call's status.
        details: what is wrong, in words fit for the caller.
    """

    def __init__(self, code: grpc.StatusCode, details: str) -> None:
        super().__init__(details)
        self.code = code
        self.details = details


class MetadataError(ValueError):
    """A name or a value not allowed in metadata. The message says which and why."""
