"""Joins the data files of a test's processes. Bazel runs it after each test.

`--coverage_output_generator` names it, instead of Bazel's own for other languages.
"""

import argparse
import os
from pathlib import Path

import coverage


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
    _combine(options.coverage_dir, files, options.output_file)


def _combine(folder: Path, files: dict[str, str], output: Path) -> None:
    """Writes the executed lines.

    Args:
        folder: contains the data files of the processes.
        files: the place of each file for the report, executed or not, by its name there.
        output: the file to write.
    """
    processes = coverage.Coverage(data_file=str(folder / ".coverage"), config_file=False)
    processes.combine([str(folder)])
    run = processes.get_data()
    data = coverage.CoverageData(str(output))
    data.add_lines({name: run.lines(path) or [] for name, path in files.items()})
    data.touch_files(files)
    data.write()


if __name__ == "__main__":
    main()
