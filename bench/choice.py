"""Options common to benchmarks: what makes the load, and how much of it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from bench import h2load, python_load
from bench.load import Generator

GENERATOR = click.option(
    "--generator",
    type=click.Choice(["auto", "h2load", "python"]),
    default="auto",
    show_default=True,
    help="What makes the load. auto is h2load where it is installed.",
)

Option = Callable[[Callable[..., Any]], Callable[..., Any]]


def rounds(default: int, of: str) -> Option:
    """`--rounds`, of what there are so many."""
    return _number("--rounds", default, at_least=1, help_text=f"Rounds of {of}.")


def calls(default: int, in_flight: int) -> Option:
    """`--calls`, with so many in flight at a time."""
    text = f"Calls in a round, {in_flight} at a time."
    return _number("--calls", default, at_least=in_flight, help_text=text)


def _number(name: str, default: int, *, at_least: int, help_text: str) -> Option:
    kind = click.IntRange(min=at_least)
    return click.option(name, type=kind, default=default, show_default=True, help=help_text)


def choose_generator(name: str, authority: Path | None = None) -> Generator:
    """The generator of a name, or the best there is for `auto`.

    Args:
        name: a choice of `GENERATOR`.
        authority: PEM file of the authority of the server's certificate, None for plaintext.

    Raises:
        click.ClickException: h2load is wanted and not installed.
    """
    found = None if name == "python" else h2load.find(tls=authority is not None)
    if found is None and name == "h2load":
        raise click.ClickException("h2load is not installed (Debian: apt install nghttp2-client)")
    return found or python_load.generator(authority)
