"""The methods of a server: found by name, each with its interceptor chain."""

from typing import Any, cast

from rpc.core.errors import RpcStatusError
from rpc.interceptors.interceptor_chain import InterceptorChain
from rpc.server.methods import Methods

import grpc
import pytest

from proto import user_pb2_grpc
from services.mock_data.mock_data import MockUserData

SERVICE = "user.MockUserDataService"
METHOD = f"/{SERVICE}/GetMockUserData"
CHAIN, ADMIN_CHAIN = InterceptorChain([]), InterceptorChain([])


class Generic(grpc.GenericRpcHandler):
    """Has one method, and counts its look-ups."""

    def __init__(self) -> None:
        self.asked = 0
        self.handler: Any = grpc.unary_unary_rpc_method_handler(lambda request, _: request)

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Any:
        """The hook of gRPC."""
        self.asked += 1
        return self.handler if handler_call_details.method == "/other/Method" else None


class GenericService(Generic, grpc.ServiceRpcHandler):
    """The same as one service, like generated code before registered methods."""

    def service_name(self) -> str:
        """The hook of gRPC."""
        return "other"


@pytest.fixture
def methods() -> Methods:
    methods = Methods(CHAIN, ADMIN_CHAIN)
    user_pb2_grpc.add_MockUserDataServiceServicer_to_server(MockUserData(), methods.own)
    return methods


def add_admin(methods: Methods, service: str) -> None:
    handler: Any = grpc.unary_unary_rpc_method_handler(lambda request, _: request)
    cast("Any", methods.admin).add_registered_method_handlers(service, {"Method": handler})


def test_a_method_is_found_by_name(methods: Methods) -> None:
    method = methods.find(METHOD)
    assert (method.name, method.known, method.is_admin) == (METHOD, True, False)
    assert method.chain is CHAIN
    assert methods.find(METHOD) is method


def test_every_method_of_a_program_goes_through_its_chain(methods: Methods) -> None:
    other: Any = Generic()
    methods.own.add_generic_rpc_handlers((other,))
    handler: Any = grpc.unary_unary_rpc_method_handler(lambda request, _: request)
    second: Any = methods.own
    second.add_registered_method_handlers("second", {"Method": handler})
    for name in (METHOD, "/other/Method", "/second/Method"):
        assert methods.find(name).chain is CHAIN
        assert not methods.find(name).is_admin
    assert methods.services == [SERVICE, "second"]


def test_admin_methods_are_no_services_of_the_program(
    methods: Methods,
) -> None:
    add_admin(methods, "admin")
    method = methods.find("/admin/Method")
    assert method.chain is ADMIN_CHAIN
    assert method.is_admin
    assert methods.services == [SERVICE]


def test_a_service_without_registered_methods_is_asked_once(methods: Methods) -> None:
    service = GenericService()
    methods.own.add_generic_rpc_handlers((service,))
    for _ in range(2):
        assert methods.find("/other/Method").handler is service.handler
        assert methods.find("/other/Method").known
    assert service.asked == 1


def test_nothing_is_kept_of_names_that_callers_choose(methods: Methods) -> None:
    generic = Generic()
    methods.own.add_generic_rpc_handlers((generic,))
    for asked in (1, 2):
        method = methods.find("/other/Method")
        assert (method.handler, method.known, method.exists) == (generic.handler, False, True)
        assert generic.asked == asked


async def test_a_method_that_is_not_there_is_refused(methods: Methods) -> None:
    for name in (f"/{SERVICE}/Nothing", "/other.Service/GetMockUserData"):
        method = methods.find(name)
        assert (method.name, method.known, method.exists) == (name, False, False)
        assert method.chain is CHAIN
        refuse: Any = method.handler.stream_unary
        with pytest.raises(RpcStatusError) as raised:
            await refuse(None, None)
        assert raised.value.code is grpc.StatusCode.UNIMPLEMENTED


def test_a_method_that_is_added_twice_is_an_error_at_once(methods: Methods) -> None:
    with pytest.raises(ValueError, match=f"{METHOD} is added twice"):
        user_pb2_grpc.add_MockUserDataServiceServicer_to_server(MockUserData(), methods.own)


def test_a_programs_method_cannot_be_taken_by_an_admin_service(methods: Methods) -> None:
    health: Any = methods.admin
    handler: Any = grpc.unary_unary_rpc_method_handler(lambda request, _: request)
    with pytest.raises(ValueError, match="added twice"):
        health.add_registered_method_handlers(SERVICE, {"GetMockUserData": handler})
