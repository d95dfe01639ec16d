"""The declaration of a server, as a service file writes it."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard, TypeVar

from rpc.core.errors import StartupError
from rpc.interceptors.interceptor import ServerInterceptor
from rpc.transports.transport import Transport
from rpc.upstream.interceptor import UpstreamInterceptor

import grpc

Register = Callable[[Any, grpc.aio.Server], None]
"""A generated `add_…Servicer_to_server`."""

OwnInterceptor = ServerInterceptor | Callable[..., ServerInterceptor]
"""An interceptor, or what makes one. Its parameters name what it is given."""

OwnUpstreamInterceptor = UpstreamInterceptor | Callable[..., UpstreamInterceptor]
"""The same on the way to upstreams."""

Made = TypeVar("Made")

_SOURCES = "neither an upstream nor an option"

Arrange = Callable[[list[ServerInterceptor]], list[ServerInterceptor]]
"""Makes another list of a list of interceptors, outermost first."""


@dataclass(frozen=True, slots=True)
class Upstream:
    """A service to call.

    Attributes:
        name: in the options. The servicer's parameter for the stub has it, too.
        stub: the generated `…Stub`.
        port: its default port.
    """

    name: str
    stub: Callable[[grpc.aio.Channel], Any]
    port: int


@dataclass(frozen=True, slots=True)
class Servicer:
    """A servicer and how it is added to a server.

    Attributes:
        make: makes the servicer. Its parameters name what it is given: stubs of upstreams, values
            of the program's own options, and `stopping`. This asyncio.Event is set when the server
            stops: then calls in flight have `--grace` left.
        register: the generated `add_…Servicer_to_server`.
    """

    make: Callable[..., Any]
    register: Register


@dataclass(frozen=True, slots=True)
class Application:
    """A server: its services, what they call, and what their calls pass through.

    Attributes:
        name: what the program calls itself.
        port: its default port.
        servicers: of its services.
        upstreams: the services it calls.
        interceptors: of the program's own, innermost on the server's side. What makes one is given
            the same as a servicer.
        upstream_interceptors: the same on the upstream side, but for stubs of upstreams.
        arrange: is given the whole list of the server's side, and returns the list to use. For
            needs beyond the declaration, such as a benchmark of one part.
        transport: carries the calls. None for the transport in the settings.
    """

    name: str
    port: int
    servicers: Sequence[Servicer]
    upstreams: Sequence[Upstream] = ()
    interceptors: Sequence[OwnInterceptor] = ()
    upstream_interceptors: Sequence[OwnUpstreamInterceptor] = ()
    arrange: Arrange = list
    transport: Transport | None = None

    def make_servicers(self, available: Mapping[str, Any]) -> list[tuple[Any, Register]]:
        """Makes each servicer with the available values its parameters name.

        Raises:
            StartupError: a parameter names something undeclared, or neither a servicer nor an
                interceptor takes a declared upstream.
        """
        made = [(self._make(one.make, available), one.register) for one in self.servicers]
        makers = [*(one.make for one in self.servicers), *self._interceptor_makers()]
        taken = {name for make in makers for name in _parameters(make).all}
        for upstream in self.upstreams:
            if upstream.name not in taken:
                raise StartupError(
                    f"{self.name}: no servicer takes the upstream {upstream.name!r}: give one a"
                    " parameter of that name"
                )
        return made

    def _interceptor_makers(self) -> list[Callable[..., ServerInterceptor]]:
        return [one for one in self.interceptors if _is_maker(one, ServerInterceptor)]

    def make_interceptors(self, available: Mapping[str, Any]) -> list[ServerInterceptor]:
        """The interceptors, made with the available values.

        Raises:
            StartupError: as above, or one is of another kind, such as gRPC's own.
        """
        return [self._interceptor(ServerInterceptor, one, available) for one in self.interceptors]

    def make_upstream_interceptors(self, available: Mapping[str, Any]) -> list[UpstreamInterceptor]:
        """The same for those of the upstream side."""
        return [
            self._interceptor(UpstreamInterceptor, one, available, sources="no option")
            for one in self.upstream_interceptors
        ]

    def _interceptor(
        self,
        kind: type[Made],
        given: Made | Callable[..., Made],
        available: Mapping[str, Any],
        sources: str = _SOURCES,
    ) -> Made:
        made: Any = given
        if _is_maker(given, kind):
            made = self._make(given, available, sources)
        if isinstance(made, kind):
            return made
        wrong = type(made).__name__ if made is given else f"{_name(given)}, which makes {made!r},"
        raise StartupError(
            f"{self.name}: {wrong} is no interceptor of this runtime: derive it from"
            f" rpc.service.{kind.__name__}"
        )

    def _make(
        self, make: Callable[..., Made], available: Mapping[str, Any], sources: str = _SOURCES
    ) -> Made:
        wanted = _parameters(make)
        unknown = [name for name in wanted.required if name not in available]
        if unknown:
            raise StartupError(
                f"{self.name}: {_name(make)} takes {unknown[0]!r}, which is {sources} of the"
                " service: declare it"
            )
        return make(**{name: available[name] for name in wanted.all if name in available})


@dataclass(frozen=True, slots=True)
class _Wanted:
    all: list[str]
    required: list[str]


def _parameters(make: Callable[..., Any]) -> _Wanted:
    parameters = [
        parameter
        for parameter in inspect.signature(make).parameters.values()
        if parameter.kind in {parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY}
    ]
    required = [one.name for one in parameters if one.default is one.empty]
    return _Wanted([one.name for one in parameters], required)


def _is_maker(
    given: Made | Callable[..., Made], kind: type[Made]
) -> TypeGuard[Callable[..., Made]]:
    """Whether it makes an interceptor, and is none itself."""
    return callable(given) and not isinstance(given, kind)


def _name(make: object) -> str:
    return getattr(make, "__qualname__", repr(make))
