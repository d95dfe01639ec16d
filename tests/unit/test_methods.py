"""The methods of a server: found by name, wrapped once, and not offered one by one."""

from typing import Any, cast

from rpc.methods import MethodHandler, Methods

import grpc
import pytest

from proto import user_pb2_grpc
from services.mock_data import MockUserData

METHOD = "/user.MockUserDataService/GetMockUserData"


class Details(grpc.HandlerCallDetails):
    """A call of a method."""

    def __init__(self, method: str) -> None:
        self.method = method
        self.invocation_metadata = ()


class Wrapping:
    """Puts another handler in the place of each, and remembers which it was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.handler = cast("MethodHandler", object())

    def __call__(self, method: str, _: MethodHandler) -> MethodHandler:
        self.asked.append(method)
        return self.handler


@pytest.fixture
def wrapping() -> Wrapping:
    return Wrapping()


@pytest.fixture
def methods(wrapping: Wrapping) -> Methods:
    methods = Methods(wrapping)
    server: Any = methods
    user_pb2_grpc.add_MockUserDataServiceServicer_to_server(MockUserData(), server)
    return methods


def test_a_method_is_wrapped_at_its_first_call_only(methods: Methods, wrapping: Wrapping) -> None:
    assert wrapping.asked == []
    assert methods.service(Details(METHOD)) is wrapping.handler
    assert methods.service(Details(METHOD)) is wrapping.handler
    assert wrapping.asked == [METHOD]


def test_a_method_that_is_not_there_is_none(methods: Methods, wrapping: Wrapping) -> None:
    assert methods.service(Details("/user.MockUserDataService/Nothing")) is None
    assert methods.service(Details("/other.Service/GetMockUserData")) is None
    assert wrapping.asked == []


def test_an_error_of_the_wrapping_is_the_calls(methods: Methods, wrapping: Wrapping) -> None:
    class RefusedError(Exception):
        pass

    def refuse(_: str, __: MethodHandler) -> MethodHandler:
        raise RefusedError

    refusing = Methods(refuse)
    user_pb2_grpc.add_MockUserDataServiceServicer_to_server(
        MockUserData(), cast("grpc.aio.Server", refusing)
    )
    with pytest.raises(RefusedError):
        refusing.service(Details(METHOD))
