"""Compares what Python targets import with what they name in their deps.

A target has to name the target of each module it imports, at the top of a file or inside of a
function, and nothing else. A module by way of another dependency is not enough: it goes when that
dependency no longer needs it. A Python file of no target is neither tested nor shipped.

A program is run and not imported, so it is nobody's dependency.

Two things are there without an import: a plugin of pytest, and the deps of a target with the tag
`unimported-deps`.
"""

import ast
import os
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tools.lint.build_files import targets_in
from tools.lint.packages import Package, installed_packages
from tools.lint.python_targets import PythonTarget, python_targets
from tools.lint.workspace import files_in, find_workspace

_IMPORT_OF_CONTRACT = re.compile(r'import\s+(?:public\s+|weak\s+)?"(.+)\.proto"')


@dataclass(frozen=True, slots=True)
class Import:
    """One import.

    Attributes:
        names: what may be the module: for `from a import b` both `a.b` and `a`.
        place: file and line.
    """

    names: tuple[str, ...]
    place: str

    @property
    def is_standard(self) -> bool:
        """Whether Python itself brings the module."""
        return self.names[0].partition(".")[0] in sys.stdlib_module_names


def imports_in(file: Path) -> Iterator[Import]:
    """The imports of a Python file, wherever they stand in it, or of the code of a contract."""
    if file.suffix == ".proto":
        yield from _imports_in_contract(file)
        return
    for node in ast.walk(ast.parse(file.read_bytes(), str(file))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import((alias.name,), f"{file}:{node.lineno}")
        elif isinstance(node, ast.ImportFrom):
            module = _absolute(node, file)
            for alias in node.names:
                yield Import((f"{module}.{alias.name}", module), f"{file}:{node.lineno}")


def _imports_in_contract(file: Path) -> Iterator[Import]:
    for number, line in enumerate(file.read_text("utf-8").splitlines(), start=1):
        if found := _IMPORT_OF_CONTRACT.match(line):
            yield Import((found[1].replace("/", ".") + "_pb2",), f"{file}:{number}")


def _absolute(node: ast.ImportFrom, file: Path) -> str:
    package = file.parts[: -node.level] if node.level else ()
    return ".".join([*package, *([node.module] if node.module else [])])


class Check:
    """Looks at targets, with an eye on who provides a module.

    Args:
        targets: all Python targets.
        packages: all pip packages.
    """

    def __init__(self, targets: list[PythonTarget], packages: list[Package]) -> None:
        self._targets = targets
        self._programs = {target.label for target in targets if target.is_program}
        self._plugins = {package.label for package in packages if package.is_pytest_plugin}
        self._providers: dict[str, list[str]] = {}
        for label, modules in [
            *((package.label, package.modules) for package in packages),
            *((target.label, target.modules) for target in targets),
        ]:
            for module in modules:
                self._providers.setdefault(module, []).append(label)

    def complaints(self) -> Iterator[str]:
        """Imports without a dependency and dependencies without an import, a line each."""
        for target in self._targets:
            used: set[str] = set()
            # What an action writes is not there.
            files = [file for file in target.files if file.exists()]
            for wanted in (found for file in files for found in imports_in(file)):
                known = self._known(wanted)
                used.update(known)
                if not wanted.is_standard and {target.label, *target.deps}.isdisjoint(known):
                    yield (
                        f"{wanted.place}: {target.label} imports {wanted.names[-1]};"
                        f" {_advice(known)}"
                    )
            for label in self._programs.intersection(target.deps):
                yield f"{target.label} depends on the program {label}: depend on a py_library"
            for label in self._unused(target, used):
                yield f"{target.label} imports nothing of {label}: remove it from its deps"

    def _known(self, wanted: Import) -> list[str]:
        found = (self._providers[name] for name in wanted.names if name in self._providers)
        return next(found, [])

    def _unused(self, target: PythonTarget, used: set[str]) -> Iterable[str]:
        if target.has_unimported:
            return ()
        plugins = self._plugins if 'requirement("pytest")' in used else set()
        return set(target.deps) - used - plugins


def _advice(known: Iterable[str]) -> str:
    found = " or ".join(sorted(known))
    return (
        f"add {found} to its deps"
        if found
        else "no target here provides it: is it in requirements.in?"
    )


def unowned(files: Iterable[Path], targets: Iterable[PythonTarget]) -> Iterator[str]:
    """The files in no target, a line each."""
    owned = {file for target in targets for file in target.files}
    for file in files:
        if file not in owned and file.suffix != ".pyi":
            yield f"{file} is in the srcs of no Python target"


def main() -> int:
    """1 if there is anything to complain about."""
    os.chdir(find_workspace())
    starlark = files_in(Path(), "starlark")
    packages = [file.parent for file in starlark if file.name == "BUILD.bazel"]
    targets = python_targets(targets_in(Path(), packages))
    found = {
        *Check(targets, list(installed_packages())).complaints(),
        *unowned(files_in(Path(), "python"), targets),
    }
    print(*sorted(found), sep="\n")
    print(f"{len(targets)} targets looked at, {len(found)} complaints")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
