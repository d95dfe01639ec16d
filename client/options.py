"""The client's command-line options. Each is an environment variable too."""

from collections.abc import Callable
from typing import Any

from rpc.cli.options import Option, options_of, settings_from
from rpc.core.option_types import SECONDS_ABOVE_ZERO, TEXT, Text
from rpc.telemetry.settings import TracingSettings
from rpc.upstream.settings import PeerSettings

import click

from client.settings import ClientSettings


class Name(Text):
    """A name in a request."""

    def split_envvar_value(self, rv: str) -> list[str]:
        """A name a line, as on stdin: a name may have spaces in it, at which click would split."""
        return [line.removesuffix("\r") for line in rv.removesuffix("\n").split("\n")]


_NAME = click.option(
    "-n",
    "--name",
    type=Name(),
    metavar="NAME",
    multiple=True,
    default=["krithik"],
    help="User to ask for. May be repeated. - reads names from stdin, one per line.",
)
_JOBS = click.option(
    "--jobs", type=click.IntRange(min=1), default=16, help="Calls made at once, of several names."
)
_TIMEOUT = click.option(
    "--timeout",
    type=SECONDS_ABOVE_ZERO,
    default=5.0,
    help="Time for a call, the wait for the server included.",
)
_OUTPUT = click.option(
    "--output",
    type=click.Choice(["text", "json"]),
    default="text",
    help="Format of the output. json is one object per line on stdout, errors included.",
)
_INSECURE = click.option(
    "--insecure", is_flag=True, help="Allow plaintext to a server beyond loopback."
)
_SERVICE = click.option(
    "--service",
    type=TEXT,
    metavar="NAME",
    default="",
    help="Full name of the service to ask about. The whole server by default.",
)

CALL_OPTIONS: list[Option] = [
    *options_of(
        PeerSettings, defaults={"target": "127.0.0.1:9000"}, peer="the server", heading="Server"
    ),
    _INSECURE,
    _TIMEOUT,
    _OUTPUT,
]
"""The options of every command with calls."""

USER_OPTIONS: list[Option] = [
    _NAME,
    _JOBS,
    *CALL_OPTIONS,
    *options_of(TracingSettings, heading="Traces"),
]
HEALTH_OPTIONS: list[Option] = [
    _SERVICE,
    *CALL_OPTIONS,
    # A probe shares its container's variables. Traces of it are noise, and a collector that is
    # away would make it slow.
    *options_of(TracingSettings, from_environment=False, heading="Traces"),
]


def add_options(options: list[Option]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """A decorator to give a command these options, in this order."""

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def client_settings(values: dict[str, Any]) -> ClientSettings:
    """Takes what all commands have out of a command's values. What is left is the command's."""
    server = settings_from(PeerSettings, values)
    names = ("insecure", "timeout", "output", "otlp_endpoint")
    return ClientSettings(server=server, **{name: values.pop(name) for name in names})
