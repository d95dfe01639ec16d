"""A server's command: options in, exit code out, one clear line when something is wrong."""

import signal
import sys
from collections.abc import Callable
from typing import Any, NoReturn

from rpc.address import AddressError
from rpc.bind import BindError
from rpc.metrics_endpoint import MetricsEndpointError
from rpc.options import server_options, server_settings
from rpc.ready import ReadyFileError
from rpc.tls import TlsError
from rpc.version import VERSION

import click

_INTERRUPTED = 128 + signal.SIGINT
_CANNOT_START = (BindError, MetricsEndpointError, ReadyFileError)
_WRONG_USAGE = (AddressError, TlsError)


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
    settings = {"show_default": True, "auto_envvar_prefix": name.upper()}
    command = click.command(name, context_settings=settings)(start)
    for option in command.params:
        option.show_envvar = True  # type: ignore[attr-defined]
    click.version_option(VERSION, prog_name=name, allow_from_autoenv=False)(command)
    return lambda: _exit(name, command)


def _exit(name: str, command: click.Command) -> NoReturn:
    try:
        command.main(prog_name=name, standalone_mode=False)
        sys.exit(0)
    except click.Abort:
        sys.exit(_INTERRUPTED)
    except click.ClickException as error:
        _fail(name, f"{error.format_message()} (see {name} --help)", 2)
    except _WRONG_USAGE as error:
        _fail(name, str(error), 2)
    except _CANNOT_START as error:
        _fail(name, str(error), 1)


def _fail(name: str, message: str, code: int) -> NoReturn:
    print(f"{name}: {message}", file=sys.stderr)
    sys.exit(code)
