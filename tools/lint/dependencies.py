"""Compares what Python targets import with what they name in their deps: dependencies.py MANIFEST.

A target has to name the target of each module it imports, at the top of a file or inside of a
function, and nothing else. A module by way of another dependency is not enough: it goes when that
dependency no longer needs it.

A program is run and not imported, so it is nobody's dependency.

Two things are there without an import: a plugin of pytest, and the deps of a target with the tag
`unimported-deps`.
"""

import ast
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath


@dataclass(slots=True)
class Target:
    """A Python target, as the manifest has it.

    Attributes:
        label: its label.
        kinds: its rule.
        deps: labels of its deps.
        roots: its folders on the import path.
        tags: its tags.
        files: its Python files, its compiled modules and its entry points.
    """

    label: str
    kinds: list[str] = field(default_factory=list)
    deps: list[str] = field(default_factory=list)
    roots: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)

    @property
    def is_ours(self) -> bool:
        """Whether it is a target of this workspace, and no package of pip's."""
        return not self.label.startswith("@")

    def sources(self) -> list[str]:
        """Its Python files."""
        return [file for file in self.files if file.endswith(".py")]

    def modules(self) -> set[str]:
        """Names of its importable modules."""
        return {name for file in self.files for name in self._names(PurePosixPath(file))}

    def _names(self, file: PurePosixPath) -> Iterator[str]:
        if file.suffix not in {".py", ".so"}:
            return
        for root in self.roots or [""]:
            if file.is_relative_to(root):
                path = file.relative_to(root)
                # A compiled module bears the interpreter's name too: `x.cpython-311-….so`.
                parts = [*path.parts[:-1], path.name.partition(".")[0]]
                yield ".".join(parts).removesuffix(".__init__")

    def is_pytest_plugin(self) -> bool:
        """Whether pytest loads it by itself."""
        entry_points = [Path(file) for file in self.files if file.endswith("/entry_points.txt")]
        return any("[pytest11]" in path.read_text(encoding="utf-8") for path in entry_points)


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


def targets_in(manifest: str) -> dict[str, Target]:
    """The targets of a manifest (`python_manifest` in python_targets.bzl writes it), by label."""
    targets: list[Target] = []
    for line in manifest.splitlines():
        key, _, value = line.partition(" ")
        if key == "target":
            targets.append(Target(value))
        else:
            getattr(targets[-1], f"{key}s").append(value)
    return {target.label: target for target in targets}


def imports_in(file: str) -> Iterator[Import]:
    """The imports of a Python file, wherever they stand in it."""
    for node in ast.walk(ast.parse(Path(file).read_bytes(), file)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import((alias.name,), f"{file}:{node.lineno}")
        elif isinstance(node, ast.ImportFrom):
            module = _absolute(node, file)
            for alias in node.names:
                yield Import((f"{module}.{alias.name}", module), f"{file}:{node.lineno}")


def _absolute(node: ast.ImportFrom, file: str) -> str:
    package = PurePosixPath(file).parts[: -node.level] if node.level else ()
    return ".".join([*package, *([node.module] if node.module else [])])


def complaints(targets: dict[str, Target]) -> Iterator[str]:
    """What is wrong, a line each: imports without a dependency, dependencies without an import."""
    providers: dict[str, list[str]] = {}
    for target in targets.values():
        for module in target.modules():
            providers.setdefault(module, []).append(target.label)
    for target in targets.values():
        if target.is_ours:
            yield from _complaints_about(target, targets, providers)


def _complaints_about(
    target: Target, targets: dict[str, Target], providers: dict[str, list[str]]
) -> Iterator[str]:
    reachable = {target.label, *target.deps}
    used: set[str] = set()
    for wanted in (found for file in target.sources() for found in imports_in(file)):
        known = next((providers[name] for name in wanted.names if name in providers), [])
        if reachable.isdisjoint(known) and not wanted.is_standard:
            yield f"{wanted.place}: {target.label} imports {wanted.names[-1]}; {_advice(known)}"
        used.update(known)
    for label in target.deps:
        if "py_binary" in targets[label].kinds:
            yield f"{target.label} depends on the program {label}: depend on a py_library"
    if "unimported-deps" not in target.tags:
        yield from _unused(target, targets, used)


def _advice(known: Iterable[str]) -> str:
    found = " or ".join(sorted(known))
    return (
        f"add {found} to its deps"
        if found
        else "no target here provides it: is it in requirements.in?"
    )


def _unused(target: Target, targets: dict[str, Target], used: set[str]) -> Iterator[str]:
    has_pytest = any(label.startswith("@pypi_pytest//") for label in used)
    for label in target.deps:
        is_plugin = has_pytest and targets[label].is_pytest_plugin()
        if label not in used and not is_plugin:
            yield f"{target.label} imports nothing of {label}: remove it from its deps"


def main() -> int:
    """1 if there is anything to complain about."""
    targets = targets_in(Path(sys.argv[1]).read_text(encoding="utf-8"))
    found = sorted(set(complaints(targets)))
    print(*found, sep="\n")
    ours = sum(target.is_ours for target in targets.values())
    print(f"{ours} targets looked at, {len(found)} complaints")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
