"""Makes one LCOV file of what the processes of a test have counted. Bazel runs it after each test.

It is what `--coverage_output_generator` names, in the place of Bazel's own for other languages.
"""

import argparse
import os
from pathlib import Path

import coverage

from tools.coverage import lcov


def main() -> None:
    """Bazel's side: the options from its collect_coverage.sh."""
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--coverage_dir", type=Path, required=True)
    parser.add_argument("--output_file", type=Path, required=True)
    parser.add_argument("--source_file_manifest", type=Path, required=True)
    options, _ = parser.parse_known_args()
    names = options.source_file_manifest.read_text(encoding="utf-8").split()
    workspace = Path(os.environ["TEST_SRCDIR"], os.environ["TEST_WORKSPACE"])
    files = {name: os.path.realpath(workspace / name) for name in names}
    lcov.write(hits(options.coverage_dir, files), options.output_file)


def hits(folder: Path, files: dict[str, str]) -> lcov.Hits:
    """How often lines were run.

    A process counts a line once, however often it runs it.

    Args:
        folder: has the data files of the processes.
        files: where each file for the report is, run or not, by its name there.
    """
    measured = coverage.Coverage(data_file=str(folder / ".coverage"), config_file=False)
    measured.combine([str(folder)])
    return {name: _hits_of(measured, path) for name, path in files.items()}


def _hits_of(measured: coverage.Coverage, path: str) -> dict[int, int]:
    _, statements, _, missing, _ = measured.analysis2(path)
    return {line: int(line not in missing) for line in statements}


if __name__ == "__main__":
    main()
