"""A server's methods, found by name."""

from collections.abc import Iterable
from typing import cast

from rpc.core.errors import RpcStatusError
from rpc.transports.transport import CallChain, Method, MethodHandler

import grpc


class Methods:
    """All methods of a server, each with the chain for its calls.

    Attributes:
        services: full names of the program's own services, in the order added.
    """

    def __init__(self, chain: CallChain, admin_chain: CallChain) -> None:
        """Makes an empty set of methods.

        Args:
            chain: what calls of the program's own methods go through, and calls of none.
            admin_chain: what calls of health, reflection and channelz go through.
        """
        self.services: list[str] = []
        self._chain = chain
        self._admin_chain = admin_chain
        self._found: dict[str, Method] = {}
        self._generic: list[tuple[grpc.GenericRpcHandler, CallChain]] = []

    @property
    def own(self) -> grpc.aio.Server:
        """Takes the program's servicers, as an argument of `add_…Servicer_to_server`."""
        return cast("grpc.aio.Server", _Added(self, self._chain, is_admin=False))

    @property
    def admin(self) -> grpc.aio.Server:
        """Takes health, reflection and channelz in the same way."""
        return cast("grpc.aio.Server", _Added(self, self._admin_chain, is_admin=True))

    def find(self, name: str) -> Method:
        """Finds a method by its full name. An unknown name gives one that refuses."""
        found = self._found.get(name)
        if found is None:
            found = self._find_generic(name)
        return found or Method(name, _REFUSAL, self._chain, known=False, exists=False)

    def all(self) -> Iterable[Method]:
        """The methods known by name from the start."""
        return self._found.values()

    def add(self, service: str, method: Method) -> None:
        """Adds a method of a service.

        Raises:
            ValueError: there is such a method already.
        """
        if method.name in self._found:
            raise ValueError(f"{method.name} is added twice")
        self._found[method.name] = method
        if not method.is_admin:
            self._note(service)

    def add_generic(self, handler: grpc.GenericRpcHandler, chain: CallChain) -> None:
        """Adds a handler for names without a service's method."""
        self._generic.append((handler, chain))
        if chain is self._chain and isinstance(handler, grpc.ServiceRpcHandler):
            self._note(handler.service_name())

    def _note(self, service: str) -> None:
        if service not in self.services:
            self.services.append(service)

    def _find_generic(self, name: str) -> Method | None:
        details = _CallDetails(name)
        for generic, chain in self._generic:
            handler = generic.service(details)
            if handler is not None:
                # A service has a fixed number of methods. Any other handler may take every name.
                known = isinstance(generic, grpc.ServiceRpcHandler)
                method = Method(name, handler, chain, known=known)
                if known:
                    self._found[name] = method
                return method
        return None


class _CallDetails(grpc.HandlerCallDetails):
    """What a generic handler is asked with."""

    def __init__(self, method: str) -> None:
        self.method = method
        self.invocation_metadata = ()


class _Added:
    """Stands in for a server where a servicer is added.

    Generated `add_…Servicer_to_server` code only calls the two `add_*_handlers` methods.
    """

    def __init__(self, methods: Methods, chain: CallChain, *, is_admin: bool) -> None:
        self._methods = methods
        self._chain = chain
        self._is_admin = is_admin

    def add_registered_method_handlers(
        self, service: str, handlers: dict[str, MethodHandler]
    ) -> None:
        for name, handler in handlers.items():
            full = f"/{service}/{name}"
            method = Method(full, handler, self._chain, is_admin=self._is_admin)
            self._methods.add(service, method)

    def add_generic_rpc_handlers(self, handlers: Iterable[grpc.GenericRpcHandler]) -> None:
        for handler in handlers:
            self._methods.add_generic(handler, self._chain)


async def _refuse(_: object, __: object) -> None:
    raise RpcStatusError(grpc.StatusCode.UNIMPLEMENTED, "Method not found!")


_REFUSAL: MethodHandler = grpc.stream_unary_rpc_method_handler(_refuse)
