"""A server's command: its options, and what its main does with them."""

import inspect
from collections.abc import Sequence
from typing import Any

from rpc.cli.grouped_help import GroupedHelp
from rpc.cli.options import Option, server_options, server_settings
from rpc.cli.program import complete_help, context_settings
from rpc.server.application import Application
from rpc.server.process import run_server

import click


def server_command(application: Application, options: Sequence[Option] = ()) -> click.Command:
    """The command of a server.

    Args:
        application: what it serves.
        options: the program's own. Their values go to the servicers naming them.
    """
    upstreams = {upstream.name: upstream.port for upstream in application.upstreams}

    def serve(**values: Any) -> None:
        settings = server_settings(application.name, values, upstreams)
        run_server(application, settings, values)

    for option in reversed([*server_options(application.port, upstreams), *options]):
        serve = option(serve)
    command = click.command(
        application.name,
        cls=GroupedHelp,
        help=_help(application),
        context_settings=context_settings(application.name),
    )(serve)
    complete_help(application.name, command)
    return command


def _help(application: Application) -> str:
    """What the docstrings of its servicers begin with."""
    docs = (inspect.getdoc(servicer.make) or "" for servicer in application.servicers)
    return " ".join(doc.partition("\n\n")[0] for doc in docs if doc)
