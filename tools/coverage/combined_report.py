"""Makes one LCOV file of those of all tests. Bazel runs it at the end.

It is what `--coverage_report_generator` names, in the place of Bazel's own.
"""

import argparse
from pathlib import Path

from tools.coverage import lcov


def main() -> None:
    """Bazel's side: the options from its coverage report's action."""
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--reports_file", type=Path, required=True)
    parser.add_argument("--output_file", type=Path, required=True)
    options, _ = parser.parse_known_args()
    reports = options.reports_file.read_text(encoding="utf-8").split()
    lcov.write(lcov.merge(lcov.read(Path(report)) for report in reports), options.output_file)


if __name__ == "__main__":
    main()
