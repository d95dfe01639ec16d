"""Reflection: grpcurl and similar tools work without the .proto file."""

from typing import Any

import grpc
import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)
from grpc_reflection.v1alpha.reflection_pb2 import ServerReflectionRequest, ServerReflectionResponse

from testing.processes import running
from testing.waiting import LIMIT_SECONDS

ALWAYS = [
    "grpc.health.v1.Health",
    "grpc.reflection.v1.ServerReflection",
    "grpc.reflection.v1alpha.ServerReflection",
]


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
    assert set(services) == {service, *ALWAYS}


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


@pytest.mark.parametrize("version", ["v1", "v1alpha"])
def test_both_versions_respond(version: str) -> None:
    with (
        running("services/mock_data") as server,
        grpc.insecure_channel(server.address) as channel,
    ):
        # The messages of both versions are the same.
        ask: Any = channel.stream_stream(
            f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo",
            ServerReflectionRequest.SerializeToString,
            ServerReflectionResponse.FromString,
        )
        asked = ServerReflectionRequest(file_containing_symbol="user.MockUserDataService")
        (response,) = ask(iter([asked]), timeout=LIMIT_SECONDS)
    (file,) = response.file_descriptor_response.file_descriptor_proto
    services = [service.name for service in FileDescriptorProto.FromString(file).service]
    assert "MockUserDataService" in services


def test_reflection_describes_itself() -> None:
    with (
        running("services/mock_data") as server,
        grpc.insecure_channel(server.address) as channel,
    ):
        pool = DescriptorPool(ProtoReflectionDescriptorDatabase(channel))
        service = pool.FindServiceByName("grpc.reflection.v1.ServerReflection")
        method = service.FindMethodByName("ServerReflectionInfo")
    assert method.input_type.full_name == "grpc.reflection.v1.ServerReflectionRequest"
    assert method.output_type.full_name == "grpc.reflection.v1.ServerReflectionResponse"


def test_channelz_is_listed_where_it_is_offered() -> None:
    with (
        running("services/mock_data", "--channelz", "--transport", "grpcio") as server,
        grpc.insecure_channel(server.address) as channel,
    ):
        services = ProtoReflectionDescriptorDatabase(channel).get_services()
    assert set(services) == {"user.MockUserDataService", "grpc.channelz.v1.Channelz", *ALWAYS}


def test_it_can_be_left_out() -> None:
    with (
        running("services/mock_data", "--no-reflection") as server,
        grpc.insecure_channel(server.address) as channel,
        pytest.raises(grpc.RpcError) as raised,
    ):
        ProtoReflectionDescriptorDatabase(channel).get_services()
    assert raised.value.code() is grpc.StatusCode.UNIMPLEMENTED
