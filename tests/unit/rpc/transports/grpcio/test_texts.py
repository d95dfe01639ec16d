"""Statuses made by gRPC on this side of the wire."""

from rpc.transports.grpcio.texts import is_local, reason_of

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
        (grpc.StatusCode.RESOURCE_EXHAUSTED, "SERVER: Received message larger than max (2 vs. 1)"),
        (grpc.StatusCode.UNKNOWN, ""),
        (grpc.StatusCode.UNAVAILABLE, "ipv4:10.0.0.7:9001: connection refused"),
        (grpc.StatusCode.UNAVAILABLE, None),
    ],
)
def test_grpcs_own(code: grpc.StatusCode, details: str | None) -> None:
    assert is_local(error(code, details))
    assert not is_local(error(code, details, ("x-request-id", "r-1")))


@pytest.mark.parametrize(
    ("details", "reason"),
    [
        ("Stream removed", "the stream was removed"),
        ("Stream removed (Socket closed)", "Socket closed"),
        ("Stream removed (a\n(b))", "a\n(b)"),
        ("Received http2 header with status: 404", "Received http2 header with status: 404"),
        ("No status received", "No status received"),
        ("CLIENT: Received message larger than max (2 vs. 1)",) * 2,
        ("Decompressed message larger than max",) * 2,
        ("Decompression failed due to zlib error",) * 2,
        ("received metadata size exceeds hard limit (2 vs. 1)",) * 2,
    ],
)
@pytest.mark.parametrize("code", [grpc.StatusCode.UNKNOWN, grpc.StatusCode.PERMISSION_DENIED])
def test_grpcs_words_are_its_own_whatever_came_along(
    code: grpc.StatusCode, details: str, reason: str
) -> None:
    failed = error(code, details, ("x-request-id", "r-1"))
    assert is_local(failed)
    assert reason_of(failed) == reason


def test_a_servers_words_are_no_reason_of_grpcs() -> None:
    assert reason_of(error(grpc.StatusCode.UNKNOWN, "Stream of users removed")) is None


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
