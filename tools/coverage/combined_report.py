"""Makes one data file of those of all tests. Bazel runs it at the end.

It is what `--coverage_report_generator` names, in the place of Bazel's own.
"""

import argparse
from pathlib import Path

import coverage


def main() -> None:
    """Bazel's side: the options from its coverage report's action."""
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--reports_file", type=Path, required=True)
    parser.add_argument("--output_file", type=Path, required=True)
    options, _ = parser.parse_known_args()
    reports = options.reports_file.read_text(encoding="utf-8").split()
    total = coverage.Coverage(data_file=str(options.output_file), config_file=False)
    # Bazel makes an empty file for a test that ended without a report.
    total.combine([report for report in reports if Path(report).stat().st_size], keep=True)
    total.save()


if __name__ == "__main__":
    main()
