"""The contract, over the wire, for callers of the chain."""

from collections.abc import Iterator
from typing import cast

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from proto import user_pb2, user_pb2_grpc
from testing.chain import Chain, running_chain

TIMEOUT = 20


@pytest.fixture(scope="module")
def chain() -> Iterator[Chain]:
    with running_chain() as chain:
        yield chain


@pytest.fixture
def orc1(chain: Chain) -> Iterator[user_pb2_grpc.Orchestrator1ServiceStub]:
    with grpc.insecure_channel(chain.orc1.address) as channel:
        yield user_pb2_grpc.Orchestrator1ServiceStub(channel)


@pytest.mark.parametrize(
    ("name", "length"),
    [
        ("krithik", 7),
        ("sixsix", 6),
        ("héllo", 6),
        ("名前", 6),
        ("🙂🙂", 8),
        ("x" * 65_000, 65_000),
    ],
    ids=["krithik", "six", "accent", "han", "emoji", "large"],
)
def test_a_long_enough_name_gets_a_user(
    orc1: user_pb2_grpc.Orchestrator1ServiceStub, name: str, length: int
) -> None:
    user = orc1.GetUserByName(user_pb2.UserName(name=name), timeout=TIMEOUT)
    assert user == user_pb2.User(name=name, **{"class": str(length)}, roll=10 * length)


@pytest.mark.parametrize("name", ["", "abc", "fives", "héll", 'a"\n\x1b'])
def test_a_short_name_is_invalid_argument_and_names_the_field(
    orc1: user_pb2_grpc.Orchestrator1ServiceStub, name: str
) -> None:
    with pytest.raises(grpc.RpcError) as raised:
        orc1.GetUserByName(user_pb2.UserName(name=name), timeout=TIMEOUT)
    status = rpc_status.from_call(cast("grpc.Call", raised.value))
    assert status is not None
    assert status.code == grpc.StatusCode.INVALID_ARGUMENT.value[0]
    assert status.message.isprintable()
    detail = error_details_pb2.BadRequest()
    assert status.details[0].Unpack(detail)
    assert [violation.field for violation in detail.field_violations] == ["name"]
