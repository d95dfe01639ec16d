"""Reads the headers and trailers of a response."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc

from wire.channel.failures import transport_error
from wire.errors import MetadataError
from wire.protocol.compression import IDENTITY, is_known
from wire.protocol.metadata import decode_metadata
from wire.protocol.status import decode_message, parse_status, status_of_http

if TYPE_CHECKING:
    from collections.abc import Iterable

    from wire.errors import TransportError
    from wire.http2.fields import Fields
    from wire.protocol.metadata import Field

OK_TRAILERS: Fields = [(b"grpc-status", b"0")]
"""The trailers of most responses."""


class ResponseError(Exception):
    """A response outside gRPC's protocol. `code` is the call's status."""

    def __init__(self, code: grpc.StatusCode, cause: str) -> None:
        super().__init__(cause)
        self.code = code
        self.cause = cause


def check_head(fields: Fields) -> None:
    """Checks the headers at the start of a response.

    Raises:
        ResponseError: they come from no gRPC server, or need something unsupported.
    """
    head = dict(fields)
    http_status = head.get(b":status", b"")
    if http_status != b"200":
        raise ResponseError(
            status_of_http(http_status), f"the HTTP status is {http_status.decode('latin-1')}"
        )
    content_type = head.get(b"content-type", b"")
    if not content_type.lower().startswith(b"application/grpc"):
        raise ResponseError(grpc.StatusCode.UNKNOWN, f"the content-type is {content_type!r}")
    encoding = head.get(b"grpc-encoding", IDENTITY)
    if not is_known(encoding):
        raise ResponseError(grpc.StatusCode.INTERNAL, f"the grpc-encoding is {encoding!r}")
    metadata_of(fields)


def encoding_of(fields: Fields) -> bytes:
    """The `grpc-encoding` of a response's messages."""
    return next((value for name, value in fields if name == b"grpc-encoding"), IDENTITY)


def status_of(trailers: Fields) -> tuple[grpc.StatusCode, str]:
    """The status and its text in a response's last fields.

    Raises:
        ResponseError: there is no status, and an HTTP status stands for one. Or gRPC does not know
            the status, which counts as UNKNOWN
            (https://github.com/grpc/grpc/blob/master/doc/statuscodes.md).
    """
    fields = dict(trailers)
    status = fields.get(b"grpc-status")
    if status is None:
        http_status = fields.get(b":status", b"200")
        raise ResponseError(
            status_of_http(http_status),
            f"there is no grpc-status; the HTTP status is {http_status.decode('latin-1')}",
        )
    code, message = parse_status(status), decode_message(fields.get(b"grpc-message", b""))
    if code is grpc.StatusCode.UNKNOWN and status.lstrip(b"0") != b"2":
        raise ResponseError(code, f"the grpc-status is {status!r}, its text {message!r}")
    return code, message


def metadata_of(fields: Iterable[Field]) -> grpc.aio.Metadata:
    """An application's part of a response's fields.

    Raises:
        ResponseError: a value cannot be decoded.
    """
    try:
        return grpc.aio.Metadata(*decode_metadata(fields))
    except MetadataError as error:
        raise ResponseError(grpc.StatusCode.INTERNAL, str(error)) from error


def peer_error(head: Fields | None, trailers: Fields, peer: str) -> grpc.aio.AioRpcError | None:
    """The error in a response's last fields, or None if the status is OK.

    Raises:
        ResponseError: see `status_of` and `metadata_of`.
    """
    code, message = status_of(trailers)
    metadata = metadata_of(trailers)
    if code is grpc.StatusCode.OK:
        return None
    return grpc.aio.AioRpcError(
        code,
        metadata_of(head or ()),
        metadata,
        details=message,
        debug_error_string=f"{peer} has sent {code.name}: {message}",
    )


def fault_error(fault: ResponseError, peer: str) -> TransportError:
    """The error of a call with a faulty response."""
    return transport_error(fault.code, f"{peer}: {fault.cause}")
