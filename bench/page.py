"""A run's tables and plots on one page, for a browser without a network."""

from collections.abc import Mapping, Sequence
from html import escape

_STYLE = (
    "body{font-family:sans-serif;margin:2em auto;max-width:60em}"
    "table{border-collapse:collapse;margin:1em 0}"
    "td,th{border:1px solid #ccc;padding:.2em .6em;text-align:right}"
    "td:first-child,th:first-child{text-align:left}"
)


def page(
    title: str, facts: str, tables: Sequence[list[list[str]]], plots: Mapping[str, str]
) -> str:
    """The page as HTML.

    Args:
        title: its heading.
        facts: on what machine, by what command.
        tables: each a list of lines, the header first.
        plots: SVG by file name.
    """
    parts = [*(_table(lines) for lines in tables), *plots.values()]
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style><h1>{escape(title)}</h1><p>{escape(facts)}</p>"
        f"{''.join(parts)}</html>\n"
    )


def _table(lines: list[list[str]]) -> str:
    head, *body = lines
    rows = [_row("th", head), *(_row("td", line) for line in body)]
    return f"<table>{''.join(rows)}</table>"


def _row(tag: str, cells: Sequence[str]) -> str:
    return f"<tr>{''.join(f'<{tag}>{escape(cell)}</{tag}>' for cell in cells)}</tr>"
