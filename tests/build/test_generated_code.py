"""protoc's code for the contract fits the current runtimes."""

import importlib.metadata
import re
from pathlib import Path

from proto import user_pb2, user_pb2_grpc


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))


def _text(module_file: str | None) -> str:
    assert module_file is not None
    return Path(module_file).read_text(encoding="utf-8")


def test_messages_and_stubs_are_imported_by_the_protos_path() -> None:
    user = user_pb2.User(name="krithik", roll=70, **{"class": "7"})
    assert user_pb2.User.FromString(user.SerializeToString()) == user
    assert hasattr(user_pb2_grpc.MockUserDataServiceServicer, "GetMockUserData")


def test_messages_are_not_newer_than_the_protobuf_runtime() -> None:
    generated = re.search(r"# Protobuf Python Version: (\S+)", _text(user_pb2.__file__))
    assert generated
    assert _version(generated[1]) <= _version(importlib.metadata.version("protobuf"))


def test_stubs_are_not_newer_than_the_grpc_runtime() -> None:
    generated = re.search(r"GRPC_GENERATED_VERSION = '(.+)'", _text(user_pb2_grpc.__file__))
    assert generated
    assert _version(generated[1]) <= _version(importlib.metadata.version("grpcio"))
