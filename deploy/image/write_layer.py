"""Writes one layer of an image.

Its arguments are LAYER WORKSPACE MEMBERS PROGRAM…, where MEMBERS is a file with a line a runfile:
its short path, a tab, where it lies. Each is put where a program looks for it. Modules get their
bytecode beside them, which a read-only container could not write. Each PROGRAM, a short path too,
gets a link in a folder that is in the image's PATH.

Nothing of the building machine gets into the layer: members have their names' order, no owner, one
time, and of their permissions only whether they are programs.
"""

import io
import os
import py_compile
import sys
import tarfile
import tempfile
from pathlib import Path, PurePosixPath

RUNFILES = PurePosixPath("opt/orchestrator.runfiles")
BIN = PurePosixPath("usr/local/bin")


def place(short_path: str, workspace: str) -> PurePosixPath:
    """Where a runfile lies in the image."""
    external = short_path.removeprefix("../")
    return RUNFILES / (external if external != short_path else f"{workspace}/{short_path}")


def members(lines: list[str], workspace: str) -> dict[PurePosixPath, Path]:
    """Where each runfile is to lie, and where it lies now."""
    pairs = (line.split("\t") for line in lines)
    return {place(short_path, workspace): Path(path) for short_path, path in pairs}


def add(layer: tarfile.TarFile, name: PurePosixPath, content: bytes, *, executable: bool) -> None:
    """Adds a file, with nothing said of it but its name and whether it is a program."""
    info = tarfile.TarInfo(str(name))
    info.size = len(content)
    info.mode = 0o755 if executable else 0o644
    layer.addfile(info, io.BytesIO(content))


def bytecode(name: PurePosixPath, source: Path) -> bytes | None:
    """A module's bytecode, or None where the file is not Python of this version."""
    with tempfile.TemporaryDirectory() as folder:
        compiled = Path(folder, "compiled")
        try:
            py_compile.compile(
                str(source),
                cfile=str(compiled),
                dfile=f"/{name}",
                doraise=True,
                # Of the layer's own source, which never changes. A time would be the machine's.
                invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
            )
        except py_compile.PyCompileError:
            return None
        return compiled.read_bytes()


def cached(name: PurePosixPath) -> PurePosixPath:
    """Where Python looks for a module's bytecode."""
    return name.parent / "__pycache__" / f"{name.stem}.{sys.implementation.cache_tag}.pyc"


def link(layer: tarfile.TarFile, program: PurePosixPath) -> None:
    """Adds a link to a program of the image."""
    info = tarfile.TarInfo(str(BIN / program.name))
    info.type = tarfile.SYMTYPE
    info.linkname = os.path.relpath(program, BIN)
    layer.addfile(info)


def main() -> None:
    """Writes the layer."""
    target, workspace, listed, *programs = sys.argv[1:]
    lines = Path(listed).read_text(encoding="utf-8").splitlines()
    with tarfile.open(target, "w", format=tarfile.PAX_FORMAT) as layer:
        for name, source in sorted(members(lines, workspace).items()):
            add(layer, name, source.read_bytes(), executable=os.access(source, os.X_OK))
            compiled = bytecode(name, source) if name.suffix == ".py" else None
            if compiled is not None:
                add(layer, cached(name), compiled, executable=False)
        for program in programs:
            link(layer, place(program, workspace))


if __name__ == "__main__":
    main()
