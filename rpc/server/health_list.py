"""The messages of `List` of grpc.health.v1, whether or not grpcio-health-checking brings them.

It does so in some versions only: https://github.com/grpc/grpc/issues/41991. The fields are those of
https://github.com/grpc/grpc-proto/blob/master/grpc/health/v1/health.proto.
"""

from typing import Any

from google.protobuf import descriptor_pool, message_factory
from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto
from grpc_health.v1 import health_pb2

IS_BROUGHT = hasattr(health_pb2, "HealthListResponse")
"""Whether the generated code of health has `List`."""

_PACKAGE = "rpc.health"
_STATUS = ".grpc.health.v1.HealthCheckResponse"


def _file() -> FileDescriptorProto:
    file = FileDescriptorProto(
        name="rpc/health.proto",
        package=_PACKAGE,
        syntax="proto3",
        dependency=[health_pb2.DESCRIPTOR.name],
    )
    file.message_type.add(name="HealthListRequest")
    response = file.message_type.add(name="HealthListResponse")
    entry = response.nested_type.add(name="StatusesEntry")
    entry.options.map_entry = True
    one, many = FieldDescriptorProto.LABEL_OPTIONAL, FieldDescriptorProto.LABEL_REPEATED
    text, message = FieldDescriptorProto.TYPE_STRING, FieldDescriptorProto.TYPE_MESSAGE
    entry.field.add(name="key", number=1, label=one, type=text)
    entry.field.add(name="value", number=2, label=one, type=message, type_name=_STATUS)
    name = f".{_PACKAGE}.HealthListResponse.StatusesEntry"
    response.field.add(name="statuses", number=1, label=many, type=message, type_name=name)
    return file


def _message(name: str) -> Any:
    if IS_BROUGHT:
        return getattr(health_pb2, name)
    descriptor = descriptor_pool.Default().FindMessageTypeByName(f"{_PACKAGE}.{name}")
    return message_factory.GetMessageClass(descriptor)


if not IS_BROUGHT:
    descriptor_pool.Default().Add(_file())

HealthListRequest = _message("HealthListRequest")
HealthListResponse = _message("HealthListResponse")
