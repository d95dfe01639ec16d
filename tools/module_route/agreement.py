"""What WORKSPACE and MODULE.bazel both say, and whether it is the same."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_HASH = re.compile(r'"([\w-]+)": "([0-9a-f]{64})"')
_VERSION = re.compile(r"\d+(\.\d+)+")

# Modules name it as a dependency of their own.
_INDIRECT = {"bazel_features"}


@dataclass(frozen=True, slots=True)
class Routes:
    """The files with the routes.

    Attributes:
        module: MODULE.bazel.
        workspace: WORKSPACE.
        cpython: bazel/python/versions.bzl.
    """

    module: str
    workspace: str
    cpython: str


@dataclass(frozen=True, slots=True)
class Call:
    """A call in a file of Starlark.

    Attributes:
        positional: its arguments without a name.
        named: those with one. Of both only literals are there.
    """

    positional: list[Any]
    named: dict[str, Any]


def calls(text: str, function: str) -> list[Call]:
    """The calls of a function, as `npm.package`, in their order.

    Raises:
        SyntaxError: the text is no Starlark. What both files have of it is Python's syntax too.
    """
    found = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
    return [_call(node) for node in found if ast.unparse(node.func) == function]


def _call(node: ast.Call) -> Call:
    named = {word.arg: word.value for word in node.keywords if word.arg}
    return Call(
        [ast.literal_eval(value) for value in node.args if _is_literal(value)],
        {name: ast.literal_eval(value) for name, value in named.items() if _is_literal(value)},
    )


def _is_literal(value: ast.expr) -> bool:
    try:
        ast.literal_eval(value)
    except ValueError:
        return False
    return True


def disagreements(routes: Routes) -> Iterator[str]:
    """What the routes say differently, or what is not exact, a line each."""
    yield from _about_rule_sets(routes)
    yield from _about_cpython(routes)
    packages = [calls(routes.workspace, "npm_package"), calls(routes.module, "npm.package")]
    if packages[0] != packages[1]:
        yield "npm's packages differ"
    for function in ("register_toolchains", "local_repository"):
        theirs = [_names(calls(text, function)) for text in (routes.workspace, routes.module)]
        if not theirs[1] <= theirs[0] or (
            function == "register_toolchains" and theirs[0] != theirs[1]
        ):
            yield f"{function} differs"
    if _locks(routes.workspace, "pip_parse") != _locks(routes.module, "pip.parse"):
        yield "the locked requirements differ"


def _names(found: list[Call]) -> set[str]:
    return {name for call in found for name in [*call.positional, call.named.get("path", "")]}


def _locks(text: str, function: str) -> list[tuple[object, object]]:
    return [
        (call.named.get("requirements_lock"), call.named.get("isolated"))
        for call in calls(text, function)
    ]


def _about_rule_sets(routes: Routes) -> Iterator[str]:
    versions = {
        call.named["name"]: call.named["version"] for call in calls(routes.module, "bazel_dep")
    }
    for name, version in versions.items():
        if not _VERSION.fullmatch(version):
            yield f"{name}: {version} is no exact version"
    for call in calls(routes.workspace, "http_archive"):
        name = call.named["name"]
        (pinned,) = re.findall(r"[-/]v?(\d+(?:\.\d+)+)\.tar", call.named["urls"][0])
        if name in _INDIRECT:
            continue
        if name not in versions:
            yield f"{name} is in WORKSPACE and no bazel_dep"
        elif _VERSION.fullmatch(versions[name]) and _parts(versions[name]) < _parts(pinned):
            yield f"{name}: {versions[name]} is older than WORKSPACE's {pinned}"


def _parts(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]


def _about_cpython(routes: Routes) -> Iterator[str]:
    (override,) = calls(routes.module, "python.single_version_override")
    (version,) = re.findall(r'^CPYTHON_VERSION = "(.+)"', routes.cpython, re.MULTILINE)
    (url,) = re.findall(r'^_URL = "(.+)"', routes.cpython, re.MULTILINE)
    said = (version, [url], dict(_HASH.findall(routes.cpython)))
    named = override.named
    if said != (named["python_version"], named["urls"], named["sha256"]):
        yield "CPython differs from bazel/python/versions.bzl"
    (mapping,) = calls(routes.module, "python.override")
    if version not in mapping.named["minor_mapping"].values():
        yield f"python.override does not choose {version}"
