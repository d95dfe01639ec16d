"""The option that every benchmark has: what makes the load."""

import click

from bench import h2load, python_load
from bench.load import CONNECTIONS, METHOD, Generator

GENERATOR = click.option(
    "--generator",
    type=click.Choice(["auto", "h2load", "python"]),
    default="auto",
    show_default=True,
    help="What makes the load; auto is h2load where it is installed.",
)


def choose_generator(
    name: str, method: str = METHOD, most_connections: int = CONNECTIONS
) -> Generator:
    """The generator of a name, or the best there is for `auto`.

    Args:
        name: a choice of `GENERATOR`.
        method: that is called, with a `UserName` and answered with its `User`.
        most_connections: that calls in flight are spread over.

    Raises:
        click.ClickException: h2load is wanted and not installed.
    """
    found = None if name == "python" else h2load.find(method, most_connections)
    if found is None and name == "h2load":
        raise click.ClickException("h2load is not installed (Debian: apt install nghttp2-client)")
    return found or python_load.generator(method, most_connections)
