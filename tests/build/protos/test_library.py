"""One python_grpc_library, with its module names in $MODULES (library_test.bzl)."""

import importlib
import os
from pathlib import Path
from types import ModuleType

import pytest

_MODULES = os.environ["MODULES"].split()


def _messages(name: str) -> ModuleType:
    return importlib.import_module(name.removesuffix("_grpc"))


@pytest.mark.parametrize("name", _MODULES)
def test_stubs_and_messages_are_imported(name: str) -> None:
    assert hasattr(importlib.import_module(name), "GreeterStub")
    assert _messages(name).Name(name="krithik").name == "krithik"


@pytest.mark.parametrize("name", _MODULES)
def test_hints_are_those_that_were_asked_for(name: str) -> None:
    file = _messages(name).__file__
    assert file is not None
    hints = Path(file).with_suffix(".pyi")
    hint = os.environ["HINT"]
    if hint:
        assert hint in hints.read_text(encoding="utf-8")
    else:
        assert not hints.exists()
