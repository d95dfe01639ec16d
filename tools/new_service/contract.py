"""What a new service calls: a method of its upstream, by the upstream's source and contract."""

import ast
import keyword
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from google.protobuf.descriptor import Descriptor, FieldDescriptor, FileDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_tools import protoc

from tools.new_service.refusal import RefusalError

_REGISTER = re.compile(r"add_(\w+)Servicer_to_server")


@dataclass(frozen=True, slots=True)
class Called:
    """A unary method of an upstream, from a text to a text.

    Attributes:
        name: of the upstream.
        port: its default port.
        package: of its generated modules, as in `proto`.
        messages: the module with its messages, as in `user_pb2`.
        stubs: the module with its stubs, as in `user_pb2_grpc`.
        library: the label of both.
        service: the gRPC service.
        method: its method.
        request: the method's request, as in `user_pb2.User`.
        request_field: the first string of the request.
        response: the method's response.
        response_field: the first string of the response.
    """

    name: str
    port: int
    package: str
    messages: str
    stubs: str
    library: str
    service: str
    method: str
    request: str
    request_field: str
    response: str
    response_field: str


def called(workspace: Path, name: str, port: int) -> Called:
    """The method of a service for a new one to call.

    Args:
        workspace: the service's.
        name: of the service.
        port: its default port.

    Raises:
        RefusalError: there is no such method.
    """
    source = workspace / "services" / name / f"{name}.py"
    package, stubs, service = _registered(source)
    messages = stubs.removesuffix("_grpc")
    stem = messages.removesuffix("_pb2")
    contract = _compiled(workspace, Path(*package.split("."), f"{stem}.proto"))
    for method in contract.services_by_name[service].methods:
        request, response = method.input_type, method.output_type
        is_unary = not method.client_streaming and not method.server_streaming
        is_own = contract.name == request.file.name == response.file.name
        if is_unary and is_own and _text(request) and _text(response):
            return Called(
                name=name,
                port=port,
                package=package,
                messages=messages,
                stubs=stubs,
                library=f"//{package.replace('.', '/')}:{stem}_py_grpc",
                service=service,
                method=method.name,
                request=f"{messages}.{request.name}",
                request_field=_text(request),
                response=f"{messages}.{response.name}",
                response_field=_text(response),
            )
    raise RefusalError(
        f"{service} of {name} has no unary method with a string in its request and its response,"
        " which the new service could call: leave --upstream out and write the call by hand"
    )


def _registered(source: Path) -> tuple[str, str, str]:
    """Package and module of the `register` in a service's declaration, and the gRPC service."""
    tree = ast.parse(source.read_text(encoding="utf-8"), str(source))
    packages = {
        alias.name: node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            match = _REGISTER.fullmatch(node.attr)
            if match and node.value.id in packages:
                return packages[node.value.id], node.value.id, match[1]
    raise RefusalError(f"{source} names no generated add_…Servicer_to_server")


def _compiled(workspace: Path, contract: Path) -> FileDescriptor:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "descriptors")
        well_known = Path(protoc.__file__).with_name("_proto")
        options = [f"-I{workspace}", f"-I{well_known}", f"--descriptor_set_out={out}"]
        if protoc.main(["protoc", *options, "--include_imports", str(contract)]) != 0:
            raise RefusalError(f"protoc cannot read {contract}, the contract of the upstream")
        files = FileDescriptorSet.FromString(out.read_bytes()).file
    pool = DescriptorPool()
    for file in files:
        pool.Add(file)
    return pool.FindFileByName(str(contract))


def _text(message: Descriptor) -> str:
    """Name of a message's first string that Python can name, empty if it has none."""
    strings = (field for field in message.fields if field.type == FieldDescriptor.TYPE_STRING)
    names = (str(field.name) for field in strings if not field.is_repeated)
    return next((name for name in names if not keyword.iskeyword(name)), "")
