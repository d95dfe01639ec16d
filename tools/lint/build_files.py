"""Targets of the workspace, read from its BUILD files without Bazel.

Starlark's syntax is Python's, so these files run as Python. Bazel's own functions have stand-ins.
Macros of the workspace run as they are. A rule only notes its attributes. Of a `select` all
branches count.
"""

import ast
import builtins
import functools
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_FILE = "BUILD.bazel"

# Its targets have code that protoc generates, whatever the macro makes of them.
_MACROS_AS_RULES = {"python_grpc_library"}


@dataclass(frozen=True, slots=True)
class Target:
    """A target.

    Attributes:
        label: its label, as `//rpc/core:core`.
        rule: the rule or macro that declares it.
        attributes: what it is declared with. Labels of other targets are as they are written.
    """

    label: str
    rule: str
    attributes: dict[str, Any]

    def labels(self, attribute: str) -> list[str]:
        """The labels in an attribute, whole."""
        package = self.label[2:].partition(":")[0]
        value = self.attributes.get(attribute) or []
        return [
            whole_label(text, package) for text in (value if isinstance(value, list) else [value])
        ]


def whole_label(text: str, package: str) -> str:
    """A label with its package and name. That of a pip package is as in BUILD files."""
    text = text.removeprefix("@") if text.startswith("@//") else text
    if text.startswith(("@", "requirement(")):
        return text
    if not text.startswith("//"):
        return f"//{package}:{text.removeprefix(':')}"
    return text if ":" in text else f"{text}:{text.rpartition('/')[2]}"


def requirement(name: str) -> str:
    """A pip package as BUILD files name it."""
    return f'requirement("{re.sub(r"[-_.]+", "-", name).lower()}")'


def targets_in(workspace: Path, packages: Iterable[Path]) -> dict[str, Target]:
    """The targets of packages, by label.

    Args:
        workspace: its folder.
        packages: the folders of the packages, relative to it.
    """
    reader = _Reader(workspace)
    for package in packages:
        reader.read(package)
    return reader.targets


class _StandIn:
    """Whatever Bazel offers. A call with a name is a rule's, and declares a target."""

    def __init__(self, name: str, note: Callable[[str, dict[str, Any]], None]) -> None:
        self._name = name
        self._note = note

    def __call__(self, *_: object, **attributes: Any) -> "_StandIn":
        if "name" in attributes:
            self._note(self._name, attributes)
        return self

    def __getattr__(self, name: str) -> "_StandIn":
        return _StandIn(name, self._note)


class _Reader:
    """Runs files.

    Attributes:
        targets: those of the packages so far.
    """

    def __init__(self, workspace: Path) -> None:
        self.targets: dict[str, Target] = {}
        self._workspace = workspace
        self._package = Path()
        self._loaded = functools.cache(self._run)

    def read(self, package: Path) -> None:
        self._package = package
        self._run(package / _FILE)

    def _run(self, file: Path) -> dict[str, Any]:
        text = (self._workspace / file).read_text("utf-8")
        tree = ast.parse(text, str(file))
        names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        scope: dict[str, Any] = {name: self._stand_in(name) for name in names - set(dir(builtins))}
        native = self._stand_in("native")
        for function in (self._glob, self._package_name, self._select, self._subpackages):
            name = function.__name__.removeprefix("_")
            scope[name] = function
            setattr(native, name, function)
        package = file.parent.as_posix()
        scope["native"] = native
        scope["Label"] = lambda label: whole_label(label, package)
        scope["load"] = lambda label, *names, **others: scope.update(
            self._load(whole_label(label, package), dict(zip(names, names, strict=True)) | others)
        )
        # Code of this workspace, which Bazel runs too.
        exec(compile(tree, str(file), "exec"), scope)  # noqa: S102
        return scope

    def _load(self, label: str, names: dict[str, str]) -> dict[str, Any]:
        """What a file defines, by the names that it gets where it is loaded."""
        if label.startswith("@pypi//"):
            return {"requirement": requirement, "all_requirements": []}
        if label.startswith("@") or _MACROS_AS_RULES.intersection(names.values()):
            return {own: self._stand_in(name) for own, name in names.items()}
        defined = self._loaded(Path(label[2:].replace(":", "/")))
        return {own: defined[name] for own, name in names.items()}

    def _stand_in(self, name: str) -> _StandIn:
        return _StandIn(name, self._note)

    def _note(self, rule: str, attributes: dict[str, Any]) -> None:
        label = whole_label(attributes["name"], self._package_name())
        self.targets[label] = Target(label, rule, attributes)

    def _package_name(self) -> str:
        return self._package.as_posix().removeprefix(".")

    def _glob(self, include: list[str], exclude: Iterable[str] = (), **_: object) -> list[str]:
        folder = self._workspace / self._package
        found = {path for pattern in include for path in folder.glob(pattern) if path.is_file()}
        found -= {path for pattern in exclude for path in folder.glob(pattern)}
        names = (path.relative_to(folder) for path in found)
        return sorted(str(name) for name in names if not self._is_below_package(name))

    def _is_below_package(self, name: Path) -> bool:
        folder = self._workspace / self._package
        return any((folder / above / _FILE).exists() for above in name.parents[:-1])

    def _subpackages(self, include: list[str], **_: object) -> list[str]:
        folder = self._workspace / self._package
        found = {path for pattern in include for path in folder.glob(pattern)}
        return sorted(path.name for path in found if (path / _FILE).exists())

    def _select(self, branches: dict[str, Any]) -> Any:
        values = list(branches.values())
        if isinstance(values[0], list):
            return [item for value in values for item in value]
        return values[0]
