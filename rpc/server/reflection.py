"""grpc.reflection: what tools such as grpcurl ask a server for. Versions v1 and v1alpha."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool
from grpc_reflection.v1alpha import reflection, reflection_pb2, reflection_pb2_grpc

V1 = "grpc.reflection.v1.ServerReflection"
"""The version missing from grpcio-reflection. Its messages are those of v1alpha."""

_FILE = "grpc/reflection/v1/reflection.proto"


def add_reflection(
    server: grpc.aio.Server, services: Sequence[str], stopping: asyncio.Event
) -> None:
    """Adds both versions to a server.

    Args:
        server: takes the methods.
        services: full names of the services to list, these two apart.
        stopping: ends the open streams when it is set.
    """
    _describe_v1()
    servicer = _EndingServicer([*services, V1, reflection.SERVICE_NAME], stopping)
    add: Any = reflection_pb2_grpc.add_ServerReflectionServicer_to_server  # has no types
    add(servicer, server)
    add(servicer, _AsV1(server))


class _EndingServicer(reflection.aio.ReflectionServicer):
    """Responds until the server stops: an open stream must not hold the exit."""

    def __init__(self, services: Sequence[str], stopping: asyncio.Event) -> None:
        super().__init__(services, _Pool())
        self._stopping = stopping

    async def ServerReflectionInfo(self, request_iterator: Any, context: Any) -> Any:
        requests = _until(self._stopping, request_iterator)
        responses: Any = super().ServerReflectionInfo(requests, context)  # has wrong types
        async for response in responses:
            yield response


class _Pool:
    """protobuf's pool of descriptors, which does not find the file of a method by itself."""

    def __init__(self) -> None:
        self._pool: Any = descriptor_pool.Default()  # its types lack a part

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pool, name)

    def FindFileContainingSymbol(self, symbol: str) -> Any:
        """Raises KeyError if there is none."""
        try:
            return self._pool.FindFileContainingSymbol(symbol)
        except KeyError:
            return self._pool.FindMethodByName(symbol).containing_service.file


async def _until(over: asyncio.Event, requests: Any) -> AsyncIterator[Any]:
    ending = asyncio.ensure_future(over.wait())
    try:
        while True:
            reading = asyncio.ensure_future(anext(requests))
            # The caller may leave meanwhile. Then nobody asks for what has become of it.
            reading.add_done_callback(_ignore)
            await asyncio.wait({ending, reading}, return_when=asyncio.FIRST_COMPLETED)
            if not reading.done():
                reading.cancel()
                return
            try:
                request = reading.result()
            except StopAsyncIteration:
                return
            yield request
    finally:
        ending.cancel()


def _ignore(reading: asyncio.Future[Any]) -> None:
    if not reading.cancelled():
        reading.exception()


class _AsV1:
    """Stands in for a server: adds the methods of v1alpha under the name of v1."""

    def __init__(self, server: grpc.aio.Server) -> None:
        self._server: Any = server  # types-grpcio 1.82 lacks the method

    def add_registered_method_handlers(self, _: str, handlers: dict[str, Any]) -> None:
        self._server.add_registered_method_handlers(V1, handlers)

    def add_generic_rpc_handlers(self, _: object) -> None:
        """Takes nothing: a generic handler knows the one name only."""


def _describe_v1() -> None:
    """Gives v1 a descriptor, so reflection can describe itself."""
    pool = descriptor_pool.Default()
    try:
        pool.FindFileByName(_FILE)
    except KeyError:
        file = descriptor_pb2.FileDescriptorProto()
        reflection_pb2.DESCRIPTOR.CopyToProto(file)
        pool.Add(_renamed(file))


def _renamed(file: descriptor_pb2.FileDescriptorProto) -> descriptor_pb2.FileDescriptorProto:
    file.name, file.package = _FILE, "grpc.reflection.v1"
    for message in file.message_type:
        for field in message.field:
            if field.HasField("type_name"):
                field.type_name = field.type_name.replace(".v1alpha.", ".v1.")
    for service in file.service:
        for method in service.method:
            method.input_type = method.input_type.replace(".v1alpha.", ".v1.")
            method.output_type = method.output_type.replace(".v1alpha.", ".v1.")
    return file
