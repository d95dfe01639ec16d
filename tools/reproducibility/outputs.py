"""Compares what two builds have written: files byte by byte, links by where they lead."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

Outputs = dict[str, str]
"""What is at each path below Bazel's output path, in words."""

# The time of the build, which only builds with --config=release read.
_TIME = "volatile-status.txt"

# What actions print. No action reads it.
_NO_OUTPUTS = "_tmp"

# Where each runfile is, by absolute path.
_MANIFEST = ".runfiles_manifest"


def read_outputs(root: Path, folder: Path) -> Outputs:
    """What a build has written, except for what may differ from one build to the next.

    Args:
        root: Bazel's output path (`bazel-out`).
        folder: the folder with all of this build, its checkout too. Links and manifests are
            compared without its name.
    """
    found = {path.relative_to(root): path for path in root.rglob("*")}
    return {
        str(name): _described(path, os.fsencode(folder))
        for name, path in found.items()
        if (path.is_symlink() or path.is_file())
        and _NO_OUTPUTS not in name.parts
        and str(name) != _TIME
    }


def _described(path: Path, folder: bytes) -> str:
    if path.is_symlink():
        target = os.fsencode(path.readlink()).replace(folder, b"FOLDER")
        return f"a link to {os.fsdecode(target)}"
    content = path.read_bytes()
    if path.suffix == _MANIFEST:
        content = content.replace(folder, b"FOLDER")
    kind = "program" if path.stat().st_mode & 0o100 else "file"
    return f"a {kind} with SHA-256 {hashlib.sha256(content).hexdigest()}"


def compare_outputs(first: Outputs, second: Outputs) -> Iterator[str]:
    """What differs, a line each."""
    for name in sorted(first.keys() | second.keys()):
        one, other = first.get(name, "nothing"), second.get(name, "nothing")
        if one != other:
            yield f"{name}: {one}, then {other}"
