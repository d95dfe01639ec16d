"""LCOV, Bazel's form of coverage: how often each line of each file was run."""

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

Hits = dict[str, dict[int, int]]
"""By file, how often each executable line was run."""


def read(path: Path) -> Hits:
    """What an LCOV file says of lines. It may say other things too."""
    hits: Hits = {}
    lines: dict[int, int] = {}
    for record in path.read_text(encoding="utf-8").splitlines():
        key, _, value = record.partition(":")
        if key == "SF":
            lines = hits.setdefault(value, {})
        elif key == "DA":
            number, count = map(int, value.split(",")[:2])
            lines[number] = lines.get(number, 0) + count
    return hits


def merge(reports: Iterable[Hits]) -> Hits:
    """The sum of several tests' hits."""
    total: dict[str, dict[int, int]] = defaultdict(dict)
    for report in reports:
        for file, lines in report.items():
            merged = total[file]  # there even if no line of it can be run
            for number, count in lines.items():
                merged[number] = merged.get(number, 0) + count
    return dict(total)


def write(hits: Hits, path: Path) -> None:
    """Writes an LCOV file, in order."""
    path.write_text("".join(_record(file, hits[file]) for file in sorted(hits)), encoding="utf-8")


def _record(file: str, lines: dict[int, int]) -> str:
    return "\n".join(
        [
            f"SF:{file}",
            *(f"DA:{number},{lines[number]}" for number in sorted(lines)),
            f"LF:{len(lines)}",
            f"LH:{sum(count > 0 for count in lines.values())}",
            "end_of_record\n",
        ]
    )
