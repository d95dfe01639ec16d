"""A server in the test's own process, for tests of one servicer or one part of `rpc`."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from rpc.cli.options import server_settings, upstream_names
from rpc.server.application import Application, Servicer
from rpc.server.running_server import RunningServer, running_server
from rpc.service import Service
from rpc.tls.files import ServerTls

import grpc

from testing.transports import transport

Add = Callable[[grpc.aio.Server], None]
"""Adds servicers to a server by the generated `add_…Servicer_to_server`."""


@asynccontextmanager
async def serving(
    what: Service | Application | Add, *, tls: ServerTls | None = None, **options: Any
) -> AsyncIterator[RunningServer]:
    """Serves on a free port of loopback while the context is open.

    Args:
        what: a service, or a function that adds servicers.
        tls: the server's own.
        **options: values of the command line's options, the program's own included. Others have
            their defaults, whatever the environment says.

    Raises:
        TypeError: a service has no such option, or needs another or an upstream's address.
    """
    application = _application(what)
    own = _own_defaults(what, options) if isinstance(what, Service) else {}
    values = own | {"listen": "127.0.0.1:0", "transport": transport(), **options}
    _require_addresses(application, values)
    if tls is not None:
        values |= {"tls_certificate": tls.certificate, "tls_key": tls.key}
        values |= {"tls_client_ca": tls.client_ca, "tls_crl": tls.crl}
    settings = server_settings(application.name, values, _ports(application))
    async with running_server(application, settings, values) as server:
        yield server


def _own_defaults(service: Service, given: dict[str, Any]) -> dict[str, Any]:
    name = service.application.name
    command = service.command()
    # Without variables, and without a complaint about a required option, which may be given.
    context = command.make_context(name, [], auto_envvar_prefix=None, resilient_parsing=True)
    for unknown in given.keys() - context.params.keys():
        raise TypeError(f"{name} has no option --{unknown.replace('_', '-')}")
    for option in command.params:
        if option.required and option.name not in given:
            raise TypeError(f"{name} needs {option.name}=")
    # Takes out the options that every server has.
    server_settings(name, context.params, _ports(service.application))
    return context.params


def _require_addresses(application: Application, values: dict[str, Any]) -> None:
    for upstream in application.upstreams:
        option = upstream_names(upstream.name, len(application.upstreams))("target")
        if (argument := option.replace("-", "_")) not in values:
            raise TypeError(f"{application.name} needs {argument}=, an address of {upstream.name}")


def _ports(application: Application) -> dict[str, int]:
    return {upstream.name: upstream.port for upstream in application.upstreams}


def _application(what: Service | Application | Add) -> Application:
    if isinstance(what, Service):
        return what.application
    if isinstance(what, Application):
        return what
    nothing = Servicer(lambda: None, lambda _, server: what(server))
    return Application("test", 0, servicers=[nothing])
