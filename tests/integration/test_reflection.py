"""Reflection: grpcurl and its like work without the .proto file."""

import grpc
import pytest
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)

from tests.support.processes import running

ALWAYS = ["grpc.health.v1.Health", "grpc.reflection.v1alpha.ServerReflection"]


@pytest.mark.parametrize(
    ("name", "service"),
    [
        ("orc1", "user.Orchestrator1Service"),
        ("orc2", "user.Orchestrator2Service"),
        ("mock_data", "user.MockUserDataService"),
    ],
)
def test_the_services_are_listed(name: str, service: str) -> None:
    with (
        running(f"services/{name}") as server,
        grpc.insecure_channel(server.address) as channel,
    ):
        services = ProtoReflectionDescriptorDatabase(channel).get_services()
    assert set(services) == {service, "grpc.channelz.v1.Channelz", *ALWAYS}


def test_a_service_is_described() -> None:
    with (
        running("services/mock_data") as server,
        grpc.insecure_channel(server.address) as channel,
    ):
        pool = DescriptorPool(ProtoReflectionDescriptorDatabase(channel))
        service = pool.FindServiceByName("user.MockUserDataService")
        method = service.FindMethodByName("GetMockUserData")
    assert [field.name for field in method.input_type.fields] == ["name"]
    assert [field.name for field in method.output_type.fields] == ["name", "class", "roll"]


def test_without_channelz_it_is_not_listed() -> None:
    with (
        running("services/mock_data", "--no-channelz") as server,
        grpc.insecure_channel(server.address) as channel,
    ):
        services = ProtoReflectionDescriptorDatabase(channel).get_services()
    assert set(services) == {"user.MockUserDataService", *ALWAYS}


def test_it_can_be_left_out() -> None:
    with (
        running("services/mock_data", "--no-reflection") as server,
        grpc.insecure_channel(server.address) as channel,
        pytest.raises(grpc.RpcError) as raised,
    ):
        ProtoReflectionDescriptorDatabase(channel).get_services()
    assert raised.value.code() is grpc.StatusCode.UNIMPLEMENTED
