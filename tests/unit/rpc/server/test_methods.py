"""The methods of a server: found by name, wrapped once, and not offered one by one."""

from typing import Any, cast

from rpc.server.methods import MethodHandler, Methods

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


REFUSAL = cast("MethodHandler", object())


def refuse(_: str) -> MethodHandler:
    return REFUSAL


@pytest.fixture
def wrapping() -> Wrapping:
    return Wrapping()


@pytest.fixture
def methods(wrapping: Wrapping) -> Methods:
    methods = Methods(wrapping, refuse)
    server: Any = methods
    user_pb2_grpc.add_MockUserDataServiceServicer_to_server(MockUserData(), server)
    return methods


def test_a_method_is_wrapped_once(methods: Methods, wrapping: Wrapping) -> None:
    assert wrapping.asked.count(METHOD) == 1
    assert methods.service(Details(METHOD)) is wrapping.handler
    assert methods.service(Details(METHOD)) is wrapping.handler
    assert wrapping.asked.count(METHOD) == 1


def test_a_method_of_a_generic_handler_is_wrapped_at_its_first_call_only(
    methods: Methods, wrapping: Wrapping
) -> None:
    other: dict[str, Any] = {
        "Method": grpc.unary_unary_rpc_method_handler(lambda request, _: request)
    }
    methods.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("other", other),))
    for _ in range(2):
        assert methods.service(Details("/other/Method")) is wrapping.handler
    assert wrapping.asked.count("/other/Method") == 1


def test_a_method_that_is_not_there_is_refused(methods: Methods, wrapping: Wrapping) -> None:
    assert methods.service(Details("/user.MockUserDataService/Nothing")) is REFUSAL
    assert methods.service(Details("/other.Service/GetMockUserData")) is REFUSAL
    assert wrapping.asked.count(METHOD) == 1


def test_a_method_that_cannot_be_wrapped_is_an_error_at_once() -> None:
    class UnfitError(Exception):
        pass

    def complain(_: str, __: MethodHandler) -> MethodHandler:
        raise UnfitError

    server = cast("grpc.aio.Server", Methods(complain, refuse))
    with pytest.raises(UnfitError):
        user_pb2_grpc.add_MockUserDataServiceServicer_to_server(MockUserData(), server)
