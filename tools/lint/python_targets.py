"""The Python targets of the workspace, with their files and deps."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tools.lint.build_files import Target, requirement
from tools.lint.packages import module_name

_OF_CONTRACTS = "python_grpc_library"
_RULES = {"py_binary", "py_library", "py_test", _OF_CONTRACTS}

# The names of generated modules, and the macro's own dependencies.
_GENERATED = ("_pb2", "_pb2_grpc")
_RUNTIME = (requirement("grpcio"), requirement("protobuf"))


@dataclass(frozen=True, slots=True)
class PythonTarget:
    """A Python target.

    Attributes:
        label: its label.
        deps: labels of its deps, with aliases resolved.
        files: its sources: Python, and the contracts of its generated code.
        modules: names of its modules, generated ones too.
        is_program: True for a program.
        has_unimported: True if its deps need no import.
    """

    label: str
    deps: tuple[str, ...]
    files: tuple[Path, ...] = ()
    modules: frozenset[str] = frozenset()
    is_program: bool = False
    has_unimported: bool = False


def python_targets(targets: Mapping[str, Target]) -> list[PythonTarget]:
    """The Python targets among all targets, by label."""
    return [_python_target(target, targets) for target in targets.values() if target.rule in _RULES]


def _python_target(target: Target, targets: Mapping[str, Target]) -> PythonTarget:
    has_contracts = target.rule == _OF_CONTRACTS
    files = list(_files(target.labels("srcs"), targets))
    contracts = list(_files(target.labels("protos"), targets))
    deps = [_behind_aliases(label, targets) for label in target.labels("deps")]
    generated = {module_name(file) + end for file in contracts for end in _GENERATED}
    return PythonTarget(
        label=target.label,
        deps=(*deps, *(_RUNTIME if has_contracts else ())),
        files=(*files, *contracts),
        modules=frozenset(generated.union(map(module_name, files))),
        is_program=target.rule == "py_binary",
        has_unimported=has_contracts or "unimported-deps" in target.attributes.get("tags", ()),
    )


def _files(labels: Iterable[str], targets: Mapping[str, Target]) -> Iterator[Path]:
    """The files of labels: a file itself, or the sources of another target."""
    for label in labels:
        if label in targets:
            yield from _files(targets[label].labels("srcs"), targets)
        else:
            yield Path(label.removeprefix("//").replace(":", "/").removeprefix("/"))


def _behind_aliases(label: str, targets: Mapping[str, Target]) -> str:
    while label in targets and targets[label].rule == "alias":
        (label,) = targets[label].labels("actual")
    return label
