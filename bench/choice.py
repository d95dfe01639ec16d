"""The option that every benchmark has: what makes the load."""

import click

from bench import h2load, python_load
from bench.load import Generator

GENERATOR = click.option(
    "--generator",
    type=click.Choice(["auto", "h2load", "python"]),
    default="auto",
    show_default=True,
    help="What makes the load; auto is h2load where it is installed.",
)


def choose_generator(name: str) -> Generator:
    """The generator of a name, or the best there is for `auto`.

    Raises:
        click.ClickException: h2load is wanted and not installed.
    """
    found = None if name == "python" else h2load.find()
    if found is None and name == "h2load":
        raise click.ClickException("h2load is not installed (Debian: apt install nghttp2-client)")
    return found or python_load.generator()
