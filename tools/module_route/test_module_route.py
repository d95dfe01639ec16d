"""The route of modules agrees with WORKSPACE, and its files use nothing missing from Bazel 9."""

import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from tools.module_route.agreement import Routes, calls, disagreements

_BUILDIFIER = next(Path("..").glob("*buildifier/buildifier-*"))


@pytest.fixture
def routes() -> Routes:
    names = ("MODULE.bazel", "WORKSPACE", "bazel/python/versions.bzl")
    module, workspace, cpython = (Path(name).read_text("utf-8") for name in names)
    return Routes(module, workspace, cpython)


def test_the_routes_agree(routes: Routes) -> None:
    assert list(disagreements(routes)) == []


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        (
            r'"rules_proto_grpc", version = "[\d.]+"',
            '"rules_proto_grpc", version = "5.7.0"',
            "older",
        ),
        (r'"rules_cc", version = "[\d.]+"', '"rules_cc", version = ""', "no exact version"),
        (r'bazel_dep\(name = "rules_proto", version = "[\d.]+"\)', "", "no bazel_dep"),
        (r'"aarch64-apple-darwin": "a', '"aarch64-apple-darwin": "b', "CPython differs"),
        (r'"3.11": "[\d.]+"', '"3.11": "3.11.1"', "does not choose"),
        (r"buf-darwin-arm64/bin", "buf-darwin-arm65/bin", "npm's packages differ"),
        (r'"//bazel/cc:all",', "", "register_toolchains differs"),
        (r'path = "third_party/protobuf"', 'path = "protobuf"', "local_repository differs"),
        (r'"//:requirements.txt"', '"//:others.txt"', "requirements differ"),
    ],
)
def test_what_differs_is_said(routes: Routes, right: str, wrong: str, said: str) -> None:
    changed, count = re.subn(right, wrong, routes.module)
    assert count
    (line,) = disagreements(replace(routes, module=changed))
    assert said in line


def test_each_archive_is_githubs_and_has_its_own_checksum(routes: Routes) -> None:
    pins = [call.named for call in calls(routes.workspace, "http_archive")]
    assert pins
    assert len({pin["sha256"] for pin in pins}) == len(pins)
    for pin in pins:
        (url,) = pin["urls"]
        assert url.startswith("https://github.com/")


def test_what_is_no_starlark_is_an_error(routes: Routes) -> None:
    with pytest.raises(SyntaxError):
        list(disagreements(replace(routes, module=f"{routes.module}\n)")))


def test_what_is_no_literal_is_left_out() -> None:
    (call,) = calls('f("a", b = 1, c = x)', "f")
    assert (call.positional, call.named) == (["a"], {"b": 1})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('py_binary(\n    name = "a",\n    srcs = ["a.py"],\n)\n', "native-py"),
        ('proto_library(\n    name = "a",\n    srcs = ["a.proto"],\n)\n', "native-proto"),
        ('sh_test(\n    name = "a",\n    srcs = ["a.sh"],\n)\n', "native-sh-test"),
        ('cc_library(name = "a")\n', "native-cc-library"),
        ('java_library(name = "a")\n', "native-java-library"),
    ],
)
def test_the_gate_refuses_what_bazel_9_has_no_more(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "BUILD.bazel"
    file.write_text(text)
    gate = [str(_BUILDIFIER), "-mode=check", "-lint=warn", str(file)]
    result = subprocess.run(gate, stderr=subprocess.PIPE, text=True, check=False)
    assert result.returncode != 0
    assert f": {said}: " in result.stderr
