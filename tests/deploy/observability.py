"""The metrics used by the files in deploy/observability."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

FOLDER = Path("deploy/observability")

_NO_NAMES = re.compile(
    r'"[^"]*"'  # values of labels
    r"|\{[^}]*\}|\[[^\]]*\]"  # selectors and windows
    r"|\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)"  # names of labels
)
_NAME = re.compile(r"(?<![\w:.])[a-zA-Z_:][\w:]*(?!\s*\()\b(?![\w:]*\s*\()")
_WORDS = frozenset({"and", "or", "unless", "bool", "offset"})


@dataclass(frozen=True, slots=True)
class Query:
    """A query of a panel.

    Attributes:
        expression: in PromQL.
        legend: names the series, by their labels in `{{}}`.
    """

    expression: str
    legend: str


@dataclass(frozen=True, slots=True)
class DashboardPanel:
    """A panel of the dashboard.

    Attributes:
        title: its heading.
        kind: Grafana's name for its type, as in `timeseries`.
        unit: Grafana's name for the unit.
        queries: its contents.
    """

    title: str
    kind: str
    unit: str
    queries: tuple[Query, ...]


def metrics_in(expression: str) -> set[str]:
    """Names of the metrics in a PromQL expression, recorded ones included."""
    bare = _NO_NAMES.sub(" ", expression)
    return set(_NAME.findall(bare)) - _WORDS


def dashboard() -> dict[str, Any]:
    """The dashboard, as Grafana reads it."""
    read: dict[str, Any] = json.loads((FOLDER / "dashboard.json").read_text())
    return read


def panels() -> list[DashboardPanel]:
    """The dashboard's panels, without its rows."""
    return [_panel(one) for one in dashboard()["panels"] if one["type"] != "row"]


def rules(file: str) -> Iterator[dict[str, Any]]:
    """The rules in a file."""
    for group in yaml(file)["groups"]:
        yield from group["rules"]


def yaml(file: str) -> Any:
    """The contents of a file in this folder."""
    return YAML(typ="safe").load((FOLDER / file).read_text())


def asked_for() -> set[str]:
    """Every metric in the rules and the dashboard, except those recorded by the rules."""
    every = [*rules("recording.yaml"), *rules("alerts.yaml")]
    expressions = [rule["expr"] for rule in every]
    expressions += [query.expression for panel in panels() for query in panel.queries]
    recorded = {rule["record"] for rule in every if "record" in rule}
    return set().union(*map(metrics_in, expressions)) - recorded


def _panel(one: dict[str, Any]) -> DashboardPanel:
    unit = one["fieldConfig"]["defaults"].get("unit", "")
    queries = [Query(query["expr"], query["legendFormat"]) for query in one["targets"]]
    return DashboardPanel(one["title"], one["type"], unit, tuple(queries))
