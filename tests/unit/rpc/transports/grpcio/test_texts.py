"""Which statuses of a call gRPC has made on this side of the wire."""

from rpc.transports.grpcio.texts import is_local

import grpc
import pytest


def error(
    code: grpc.StatusCode, details: str | None, *trailers: tuple[str, str | bytes]
) -> grpc.aio.AioRpcError:
    return grpc.aio.AioRpcError(code, grpc.aio.Metadata(), grpc.aio.Metadata(*trailers), details)


@pytest.mark.parametrize(
    ("code", "details"),
    [
        (grpc.StatusCode.CANCELLED, "CANCELLED"),
        (grpc.StatusCode.CANCELLED, "Locally cancelled by application!"),
        (grpc.StatusCode.CANCELLED, "Received RST_STREAM with error code 8"),
        (grpc.StatusCode.DEADLINE_EXCEEDED, "Deadline Exceeded"),
        (grpc.StatusCode.INTERNAL, "failed to parse"),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, "CLIENT: Received message larger than max (2 vs. 1)"),
        (grpc.StatusCode.UNAVAILABLE, "ipv4:10.0.0.7:9001: connection refused"),
        (grpc.StatusCode.UNAVAILABLE, None),
    ],
)
def test_grpcs_own(code: grpc.StatusCode, details: str | None) -> None:
    assert is_local(error(code, details))
    assert not is_local(error(code, details, ("x-request-id", "r-1")))


@pytest.mark.parametrize(
    ("code", "details"),
    [
        (grpc.StatusCode.CANCELLED, "the user has left"),
        (grpc.StatusCode.DEADLINE_EXCEEDED, "too slow"),
        (grpc.StatusCode.NOT_FOUND, ""),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, "the quota is used up"),
        (grpc.StatusCode.UNKNOWN, "invalid name abc"),
    ],
)
def test_the_upstreams(code: grpc.StatusCode, details: str) -> None:
    assert not is_local(error(code, details))
