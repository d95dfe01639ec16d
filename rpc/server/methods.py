"""The methods that a server answers, found by name."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeAlias

import grpc

if TYPE_CHECKING:
    # Generic to type checkers only.
    MethodHandler: TypeAlias = grpc.RpcMethodHandler[Any, Any]
else:
    MethodHandler = grpc.RpcMethodHandler

Wrap = Callable[[str, MethodHandler], MethodHandler]
"""Takes a method's full name and its handler; gives the handler that is to answer."""


class Methods(grpc.GenericRpcHandler):
    """Stands in for a server where servicers are added, and is what a server answers with.

    The generated `add_…Servicer_to_server` offers each method twice: as one of a generic handler
    and by itself, registered. To gRPC all of them are one generic handler: for each registered
    method grpc.aio keeps a task that waits for the method's next call, and looks through all of
    these tasks at every call: health, reflection and channelz would make the other calls dearer. A
    servicer that is added once also outlives a server that has to be replaced
    (`rpc.transports.grpcio.listener`).
    """

    def __init__(self, wrap: Wrap, refuse: Callable[[str], MethodHandler]) -> None:
        """Makes an empty set of methods.

        Args:
            wrap: is asked once for each method, when its servicer is added; for one that is only
                in a generic handler, at its first call.
            refuse: gives the handler for a method that there is not, by its full name.
        """
        self._wrap = wrap
        self._refuse = refuse
        self._added: list[grpc.GenericRpcHandler] = []
        self._found: dict[str, MethodHandler] = {}

    def add_generic_rpc_handlers(self, handlers: Iterable[grpc.GenericRpcHandler]) -> None:
        """What generated code calls to add a servicer's methods."""
        self._added.extend(handlers)

    def add_registered_method_handlers(
        self, service: str, handlers: dict[str, MethodHandler]
    ) -> None:
        """What generated code calls as well.

        Raises:
            TypeError: one of the methods cannot be wrapped.
        """
        for name, handler in handlers.items():
            method = f"/{service}/{name}"
            self._found[method] = self._wrap(method, handler)

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> MethodHandler:
        """The hook of gRPC: the handler of the method that is called."""
        method = handler_call_details.method
        found = self._found.get(method)
        if found is not None:
            return found
        added = self._look_up(handler_call_details)
        # What is not there is not kept: callers could fill the memory with such names.
        if added is None:
            return self._refuse(method)
        found = self._found[method] = self._wrap(method, added)
        return found

    def _look_up(self, details: grpc.HandlerCallDetails) -> MethodHandler | None:
        candidates = (handler.service(details) for handler in self._added)
        return next((found for found in candidates if found is not None), None)
