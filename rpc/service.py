"""Everything a service file needs of this runtime, above all the declaration `Service`.

It is imported before grpc: gRPC reads its environment when it is loaded, and this prepares it.
"""

from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from rpc.cli import early_signals, grpc_environment  # noqa: F401  # before anything loads grpc
from rpc.cli.command import server_command
from rpc.cli.options import Option
from rpc.cli.program import run_program
from rpc.core.call import Call, UpstreamCall, current_call
from rpc.core.errors import RpcStatusError, StartupError, invalid_argument
from rpc.core.option_types import SECONDS
from rpc.core.outcome import Outcome
from rpc.interceptors.interceptor import Proceed, ServerInterceptor
from rpc.server.application import (
    Application,
    Interceptor,
    OfUpstream,
    Register,
    Servicer,
    Upstream,
)
from rpc.tls.file_reloader import FileReloader
from rpc.upstream.interceptor import UpstreamInterceptor

import click

__all__ = [
    "SECONDS",
    "Call",
    "FileReloader",
    "Outcome",
    "Proceed",
    "RpcStatusError",
    "ServerInterceptor",
    "Service",
    "Servicer",
    "StartupError",
    "Upstream",
    "UpstreamCall",
    "UpstreamInterceptor",
    "current_call",
    "invalid_argument",
]


class Service:
    """A program with one or more gRPC services.

    What is declared here is protected: every call passes through the interceptors, and every
    option exists. What is missing is refused in one line when the program starts.

    Attributes:
        application: the program's services, to run in a process of one's own.
    """

    def __init__(  # noqa: PLR0913  # the declaration of everything that a service is
        self,
        name: str,
        *,
        port: int,
        servicer: Callable[..., Any] | None = None,
        register: Register | None = None,
        servicers: Sequence[Servicer] = (),
        upstream: Upstream | None = None,
        upstreams: Sequence[Upstream] = (),
        interceptors: Sequence[Interceptor] = (),
        upstream_interceptors: Sequence[OfUpstream] = (),
        options: Sequence[Option] = (),
    ) -> None:
        """Declares a service.

        Args:
            name: what the program calls itself. Its environment variables begin with it.
            port: its default port.
            servicer: makes the servicer. Its parameters name what it is given: stubs of upstreams,
                values of `options`, and `stopping`. This asyncio.Event is set when the server
                stops: then calls in flight have `--grace` left.
            register: the generated `add_…Servicer_to_server` for it.
            servicers: the same for several services.
            upstream: the service it calls.
            upstreams: the same for several.
            interceptors: of its own, between those of this runtime and the servicers. In the place
                of one may stand what makes it, with parameters like `servicer`'s.
            upstream_interceptors: the same on the way to upstreams, which get no stubs.
            options: of its own, by `click.option`.

        Raises:
            TypeError: there is no servicer, or one without `register`.
        """
        if (servicer is None) != (register is None):
            raise TypeError(f"{name}: servicer and register go together")
        only = [] if servicer is None or register is None else [Servicer(servicer, register)]
        if not [*only, *servicers]:
            raise TypeError(f"{name} has no servicer")
        self.application = Application(
            name=name,
            port=port,
            servicers=(*only, *servicers),
            upstreams=(*([] if upstream is None else [upstream]), *upstreams),
            interceptors=tuple(interceptors),
            upstream_interceptors=tuple(upstream_interceptors),
        )
        self._options = tuple(options)

    def command(self) -> click.Command:
        """The program as a click command."""
        return server_command(self.application, self._options)

    def main(self) -> NoReturn:
        """Runs the program: parses the command line, serves, and ends the process."""
        run_program(self.application.name, self.command())
