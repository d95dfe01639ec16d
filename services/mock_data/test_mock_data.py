"""The mock_data servicer: the contract's arithmetic and its refusals."""

import time
from typing import Any, cast

from rpc.service import RpcStatusError

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2

from proto import user_pb2
from services.mock_data.mock_data import MIN_NAME_BYTES, MockUserData

CONTEXT = cast("grpc.aio.ServicerContext[Any, Any]", None)


async def response_to(name: str) -> user_pb2.User:
    return await MockUserData().GetMockUserData(user_pb2.UserName(name=name), CONTEXT)


@pytest.mark.parametrize(
    ("name", "length"),
    [
        ("sixsix", 6),
        ("krithik", 7),
        ("      ", 6),
        ("héllo", 6),
        ("ßßß", 6),
        ("名前", 6),
        ("🙂🙂", 8),
        ("e\u0301e\u0301", 6),
        ("\x00" * 6, 6),
        ("x" * 100_000, 100_000),
    ],
    ids=ascii,
)
async def test_length_is_counted_in_bytes(name: str, length: int) -> None:
    user = await response_to(name)
    assert user == user_pb2.User(name=name, **{"class": str(length)}, roll=10 * length)


@pytest.mark.parametrize("name", ["", "a", "fives", "héll", "名a", "🙂a"])
async def test_a_shorter_name_is_refused_with_its_length_and_the_rule(name: str) -> None:
    with pytest.raises(RpcStatusError) as raised:
        await response_to(name)
    assert raised.value.code is grpc.StatusCode.INVALID_ARGUMENT
    assert raised.value.message == (
        f'invalid name "{name}": must be at least {MIN_NAME_BYTES} bytes, got {len(name.encode())}'
    )


async def test_a_refusal_names_the_field() -> None:
    with pytest.raises(RpcStatusError) as raised:
        await response_to("abc")
    ((_, value),) = raised.value.trailers
    assert isinstance(value, bytes)
    detail = error_details_pb2.BadRequest()
    assert status_pb2.Status.FromString(value).details[0].Unpack(detail)
    assert [violation.field for violation in detail.field_violations] == ["name"]


@pytest.mark.parametrize(
    ("name", "quoted"),
    [
        ('a"b', r'"a\"b"'),
        ("a\\b", r'"a\\b"'),
        ("a\nb", r'"a\nb"'),
        ("\x1b[1m", r'"\x1b[1m"'),
        ("\u2028", r'"\u2028"'),
        ("\u202e", r'"\u202e"'),
        ("\x00", r'"\x00"'),
        ("\U000e0001", r'"\U000e0001"'),
        ("é ", '"é "'),
    ],
    ids=ascii,
)
async def test_a_refusal_shows_what_cannot_be_printed(name: str, quoted: str) -> None:
    with pytest.raises(RpcStatusError) as raised:
        await response_to(name)
    assert raised.value.message.startswith(f"invalid name {quoted}: ")
    assert raised.value.message.isprintable()


async def test_a_slow_source_takes_its_time() -> None:
    started = time.monotonic()
    await MockUserData(0.05).GetMockUserData(user_pb2.UserName(name="krithik"), CONTEXT)
    assert time.monotonic() - started >= 0.05
