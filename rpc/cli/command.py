"""A server's command: its options, and what its main does with them."""

from collections.abc import Callable
from typing import Any, NoReturn

from rpc.cli.options import server_options, server_settings
from rpc.cli.program import complete_help, context_settings, run_program
from rpc.server.ready_file import ReadyFileError
from rpc.telemetry.metrics_endpoint import MetricsEndpointError
from rpc.telemetry.observers import TracingError
from rpc.transports.grpcio.binding import BindError
from rpc.upstream.name_check import UnknownNameError

import click

_CANNOT_START = (
    BindError,
    MetricsEndpointError,
    ReadyFileError,
    TracingError,
    UnknownNameError,
)


def server_command(
    name: str, *, port: int, upstream_port: int | None = None
) -> Callable[[Callable[..., None]], Callable[[], NoReturn]]:
    """Makes a server's `main` of a function that takes its settings.

    Options of the function's own, by `click.option` below this decorator, are handed on to it.

    Args:
        name: what the program calls itself; its environment variables begin with it.
        port: that it listens on by default.
        upstream_port: that its upstream listens on by default; None if it has no upstream.
    """

    def decorate(serve: Callable[..., None]) -> Callable[[], NoReturn]:
        def start(**values: Any) -> None:
            settings = server_settings(name, values)
            serve(settings, **values)

        start.__doc__ = serve.__doc__
        start.__click_params__ = getattr(serve, "__click_params__", [])  # type: ignore[attr-defined]
        for option in reversed(server_options(port, upstream_port)):
            start = option(start)
        return _main(name, start)

    return decorate


def _main(name: str, start: Callable[..., None]) -> Callable[[], NoReturn]:
    command = click.command(name, context_settings=context_settings(name))(start)
    complete_help(name, command)
    return lambda: run_program(name, command, _CANNOT_START)
