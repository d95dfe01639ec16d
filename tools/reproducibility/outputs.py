"""Compares what two builds have written: files byte by byte, links by where they lead."""

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from tools.reproducibility.allowed import ALLOWED, Allowance, Extent, Kind

# What actions print. No action reads it.
_NO_OUTPUTS = "_tmp"


@dataclass(frozen=True, slots=True)
class Outputs:
    """What one build has written.

    Attributes:
        root: Bazel's output path (`bazel-out`).
        folder: the folder with all of this build, its checkout too: where two builds may differ.
    """

    root: Path
    folder: Path

    def kinds(self) -> dict[str, Kind]:
        """Files and links, by their path below the root."""
        return {os.path.relpath(path, self.root): kind for path, kind in _walk(str(self.root))}

    def content(self, name: str, kind: Kind) -> bytes:
        """The bytes of a file, the target of a link."""
        path = self.root / name
        return os.fsencode(path.readlink()) if kind is Kind.LINK else path.read_bytes()

    def without_folder(self, content: bytes) -> bytes:
        """A content with the same word in place of any build's folder."""
        return content.replace(os.fsencode(self.folder), b"FOLDER")


@dataclass(slots=True)
class Result:
    """What a comparison has found.

    Attributes:
        compared: how many files and links there were.
        allowed: how many of them differed as they may, by the allowance.
        differences: what else differs, a line each.
    """

    compared: int = 0
    allowed: Counter[Allowance] = field(default_factory=Counter)
    differences: list[str] = field(default_factory=list)


def compare_outputs(first: Outputs, second: Outputs) -> Result:
    """Compares all outputs of two builds."""
    of_first, of_second = first.kinds(), second.kinds()
    result = Result()
    for name in sorted(of_first.keys() | of_second.keys()):
        result.compared += 1
        kind, other = of_first.get(name), of_second.get(name)
        if kind is not None and kind is other:
            _compare_contents(name, kind, (first, second), result)
        else:
            result.differences.append(f"{name}: {_said(kind)}, then {_said(other)}")
    return result


def _compare_contents(
    name: str, kind: Kind, builds: tuple[Outputs, Outputs], result: Result
) -> None:
    first, second = (build.content(name, kind) for build in builds)
    if first == second:
        return
    is_portable = builds[0].without_folder(first) == builds[1].without_folder(second)
    allowance = _allowance(name, kind, is_portable=is_portable)
    if allowance:
        result.allowed[allowance] += 1
    else:
        what = "leads elsewhere" if kind is Kind.LINK else "has another content"
        result.differences.append(f"{name}: the {kind.value} {what}")


def _allowance(name: str, kind: Kind, *, is_portable: bool) -> Allowance | None:
    for one in ALLOWED:
        if kind in one.kinds and fnmatchcase(name, one.pattern):
            return one if is_portable or one.extent is Extent.CONTENT else None
    return None


def _walk(folder: str) -> Iterator[tuple[str, Kind]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_symlink():
                yield entry.path, Kind.LINK
            elif not entry.is_dir():
                is_program = entry.stat().st_mode & 0o100
                yield entry.path, Kind.PROGRAM if is_program else Kind.FILE
            elif entry.name != _NO_OUTPUTS:
                yield from _walk(entry.path)


def _said(kind: Kind | None) -> str:
    return f"a {kind.value}" if kind else "nothing"
