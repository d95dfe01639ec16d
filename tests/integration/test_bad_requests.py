"""Requests our clients never send: each gets its specified code, and the server survives.

https://github.com/grpc/grpc/blob/master/doc/statuscodes.md
"""

from collections.abc import Iterator
from typing import Any

import grpc
import pytest

from proto import user_pb2, user_pb2_grpc
from testing.chain import Chain, running_chain
from testing.waiting import LIMIT_SECONDS

METHOD = "/user.Orchestrator1Service/GetUserByName"
LARGEST_MESSAGE = 64 * 1024

# Field 1 of 5 bytes with only 2 there. A field with number 0. A name with invalid UTF-8.
INVALID_BYTES = [b"\x0a\x05ab", b"\x00\x00", b"\x0a\x02\xff\xfe"]


@pytest.fixture(scope="module")
def chain() -> Iterator[Chain]:
    with running_chain() as chain:
        yield chain


@pytest.fixture
def channel(chain: Chain) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(chain.orc1.address) as channel:
        yield channel
        # Whatever the test did, the server still answers.
        stub = user_pb2_grpc.Orchestrator1ServiceStub(channel)
        assert stub.GetUserByName(user_pb2.UserName(name="krithik"), timeout=LIMIT_SECONDS)


def send(channel: grpc.Channel, method: str, request: bytes) -> bytes:
    """Sends bytes unchanged. Without (de)serialisers the type hints have no types."""
    call: Any = channel.unary_unary(method)
    response: bytes = call(request, timeout=LIMIT_SECONDS)
    return response


def failure(channel: grpc.Channel, method: str, request: bytes) -> grpc.RpcError:
    with pytest.raises(grpc.RpcError) as raised:
        send(channel, method, request)
    return raised.value


@pytest.mark.parametrize("request_bytes", INVALID_BYTES)
def test_bytes_that_are_no_message_are_internal(
    chain: Chain, channel: grpc.Channel, request_bytes: bytes
) -> None:
    error = failure(channel, METHOD, request_bytes)
    assert error.code() is grpc.StatusCode.INTERNAL
    assert error.details() == "the request is not a valid message of the method's type"
    logged = chain.orc1.calls()[-1]
    assert (logged["code"], logged["level"]) == ("INTERNAL", "warning")
    assert logged["diagnosis"]


@pytest.mark.parametrize(
    "method",
    [
        "/user.Orchestrator1Service/GetUserByNumber",
        "/user.Orchestrator2Service/GetUser",
        "/nobody.Service/Method",
        "/",
    ],
)
def test_a_method_that_the_server_lacks_is_unimplemented(
    channel: grpc.Channel, method: str
) -> None:
    assert failure(channel, method, b"").code() is grpc.StatusCode.UNIMPLEMENTED


def test_a_message_over_the_limit_is_resource_exhausted(channel: grpc.Channel) -> None:
    error = failure(channel, METHOD, bytes(LARGEST_MESSAGE + 1))
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


def test_fields_that_the_server_does_not_know_are_ignored(channel: grpc.Channel) -> None:
    # Field 15, a string. A newer client may send it.
    request = user_pb2.UserName(name="krithik").SerializeToString() + b"\x7a\x03new"
    assert user_pb2.User.FromString(send(channel, METHOD, request)).roll == 70


def test_a_name_of_the_largest_size_is_passed_on(channel: grpc.Channel) -> None:
    # The response is 20 bytes longer than the name, and must itself stay under the limit.
    name = "x" * (LARGEST_MESSAGE - 64)
    stub = user_pb2_grpc.Orchestrator1ServiceStub(channel)
    user = stub.GetUserByName(user_pb2.UserName(name=name), timeout=LIMIT_SECONDS)
    assert user.roll == 10 * len(name)


def test_a_response_over_the_limit_is_resource_exhausted(chain: Chain) -> None:
    # The request fits, the response does not: mock_data's exceeds orc2's limit.
    name = "x" * (LARGEST_MESSAGE - 8)
    with grpc.insecure_channel(chain.orc1.address) as channel:
        stub = user_pb2_grpc.Orchestrator1ServiceStub(channel)
        with pytest.raises(grpc.RpcError) as raised:
            stub.GetUserByName(user_pb2.UserName(name=name), timeout=LIMIT_SECONDS)
    assert raised.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "127.0.0.1" not in (raised.value.details() or "")
