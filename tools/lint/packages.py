"""The pip packages of this program."""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, distributions
from pathlib import Path, PurePath

from tools.lint.build_files import requirement


@dataclass(frozen=True, slots=True)
class Package:
    """A package.

    Attributes:
        label: its label, as `requirement("grpcio")`.
        modules: names of its modules.
        is_pytest_plugin: True if pytest loads it by itself.
    """

    label: str
    modules: frozenset[str]
    is_pytest_plugin: bool


def installed_packages() -> Iterator[Package]:
    """The packages on its import path."""
    for folder in (Path(entry) for entry in sys.path if entry.endswith("site-packages")):
        for distribution in distributions(path=[str(folder)]):
            yield _package(distribution, folder)


def _package(distribution: Distribution, folder: Path) -> Package:
    # Bazel leaves out the list of a package's files, and gives each package a folder of its own.
    listed: Iterable[PurePath] | None = distribution.files
    paths = listed or [path.relative_to(folder) for path in folder.rglob("*")]
    return Package(
        label=requirement(distribution.name),
        modules=frozenset(module_name(path) for path in paths if path.suffix in {".py", ".so"}),
        is_pytest_plugin=bool(distribution.entry_points.select(group="pytest11")),
    )


def module_name(file: PurePath) -> str:
    """A file's module name, by its path below a folder of modules."""
    # A compiled module bears the interpreter's name too: `x.cpython-311-….so`.
    return ".".join([*file.parts[:-1], file.name.partition(".")[0]]).removesuffix(".__init__")
