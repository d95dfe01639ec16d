"""Fails if a gate misses a file: completeness.py MANIFEST FILE…, with all files of the workspace.

Three ways to be missed: a script whose name does not say what it is, a BUILD file that goes on
after `sources()`, and a Python file outside all targets.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from tools.lint.dependencies import targets_in

_SHELL_OR_PYTHON = re.compile(rb"#!.*\b(sh|bash|dash|python3?)\b")
_SOURCES_LAST = re.compile(r"^sources\([^()]*\)\s*\Z", re.MULTILINE)


def complaints(files: list[Path], named_scripts: set[str], in_targets: set[str]) -> Iterator[str]:
    """What would be missed, a line each.

    Args:
        files: all files of the workspace.
        named_scripts: those named by a `sources(scripts = …)`.
        in_targets: the Python files of all targets.
    """
    for file in files:
        if file.suffix == ".py" and str(file) not in in_targets:
            yield f"{file} is in the srcs of no Python target"
        if file.name == "BUILD.bazel" and not _SOURCES_LAST.search(file.read_text("utf-8")):
            yield f"{file}: sources() is not its last statement"
        if not _is_known_script(file, named_scripts) and _is_script(file):
            yield f"{file}: name it in sources(scripts = [...]), or end its name in .sh or .py"


def _is_known_script(file: Path, named_scripts: set[str]) -> bool:
    return file.suffix in {".py", ".sh"} or str(file) in named_scripts


def _is_script(file: Path) -> bool:
    with file.open("rb") as opened:
        return bool(_SHELL_OR_PYTHON.match(opened.readline(200)))


def main() -> int:
    """1 if anything would be missed."""
    manifest, *names = sys.argv[1:]
    paths = [Path(name) for name in names]
    divider = names.index("--shell")
    shell = {str(path) for path in paths[divider + 1 :]}
    del paths[divider]
    targets = targets_in(Path(manifest).read_text(encoding="utf-8")).values()
    in_targets = {file for target in targets for file in target.files}
    found = list(complaints(paths, shell, in_targets))
    print(*found, sep="\n")
    print(f"{len(paths)} files looked at, {len(found)} complaints")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
