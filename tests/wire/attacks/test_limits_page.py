"""docs/wire.md has each limit, with its default."""

import re
from dataclasses import asdict
from pathlib import Path

from wire.http2.limits import Limits, Rate

UNITS = {"": 1, "KiB": 1 << 10, "MiB": 1 << 20}


def value_of(text: str) -> float | Rate | None:
    """A default as the page writes it."""
    if text == "none":
        return None
    rate = re.fullmatch(r"(\d+), then (\d+)/s", text)
    if rate:
        return Rate(burst=int(rate[1]), per_second=float(rate[2]))
    number, _, unit = text.partition(" ")
    return float(number) if unit == "s" else int(number) * UNITS[unit]


def test_the_table_has_each_limit_and_its_default() -> None:
    page = Path("docs/wire.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \| [^|]+ \| [^|]+ \|$", page, re.MULTILINE)
    documented = {name: value_of(default) for name, default in rows}
    limits = Limits()
    assert documented == {name: getattr(limits, name) for name in asdict(limits)}
