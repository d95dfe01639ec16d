"""A server's methods, found by the path of a call."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

import grpc

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from wire.server.call import Call

    Handler = grpc.RpcMethodHandler[Any, Any]


_MAX_GIVEN = 1024
_WORDS = ("unary", "stream")


@dataclass(frozen=True, slots=True, eq=False)
class Method:
    """A method, with everything its calls need."""

    path: str
    source: Handler
    behavior: Callable[[Any, Any], Any]
    parse: Callable[[bytes], Any] | None
    serialize: Callable[[Any], bytes] | None
    request_streaming: bool
    response_streaming: bool
    is_blocking: bool
    """The behavior is a plain function. It may block, so it runs in a thread."""
    is_simple: bool
    """A coroutine handles one request by one response."""


def method_of(path: str, handler: Handler) -> Method:
    """A method from what generated code offers."""
    # Handlers of an application's own class may have no other attribute of the four.
    kind = f"{_WORDS[bool(handler.request_streaming)]}_{_WORDS[bool(handler.response_streaming)]}"
    behavior = getattr(handler, kind, None)
    if behavior is None:
        raise TypeError(f"the handler of {path} has no {kind}")
    is_blocking = not _is_asynchronous(behavior)
    return Method(
        path,
        handler,
        behavior,
        handler.request_deserializer,
        handler.response_serializer,
        bool(handler.request_streaming),
        bool(handler.response_streaming),
        is_blocking,
        not (handler.request_streaming or handler.response_streaming or is_blocking),
    )


def failing_method(path: str, error: Exception) -> Method:
    """A method with calls that fail, as what was to find it has failed."""

    async def fail(_requests: Any, _context: Any) -> NoReturn:
        raise error

    return method_of(path, grpc.stream_stream_rpc_method_handler(fail))


def _is_asynchronous(behavior: Any) -> bool:
    while isinstance(behavior, partial):
        behavior = behavior.func
    return any(
        inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function)
        for function in (behavior, getattr(behavior, "__call__", None))  # noqa: B004
    )


class CallDetails(grpc.HandlerCallDetails):
    """What a generic handler and an interceptor see of a call."""

    def __init__(self, call: Call) -> None:
        self.method = call.method
        self._call = call

    @property
    def invocation_metadata(self) -> Any:  # type: ignore[override]
        """The caller's metadata."""
        return self._call.invocation_metadata()


class Methods:
    """Takes handlers as generated code offers them."""

    def __init__(self) -> None:
        self._found: dict[bytes, Method] = {}
        self._generic: list[grpc.GenericRpcHandler] = []
        # What a generic handler gave last for a path. Callers could fill the memory with paths,
        # so it has a bound.
        self._given: dict[str, tuple[Handler, Method]] = {}

    def add_registered(self, service: str, handlers: Mapping[str, Handler]) -> None:
        """Add a service's methods by name."""
        for name, handler in handlers.items():
            path = f"/{service}/{name}"
            self._found[path.encode()] = method_of(path, handler)

    def add_generic(self, handlers: Iterable[grpc.GenericRpcHandler]) -> None:
        """Add handlers that find methods of unregistered paths."""
        handlers = list(handlers)
        for handler in handlers:
            if not hasattr(handler, "service"):
                raise AttributeError(f"{handler!r} is no GenericRpcHandler")
        self._generic.extend(handlers)

    def registered(self, path: bytes) -> Method | None:
        """The registered method of a path."""
        return self._found.get(path)

    def find(self, details: grpc.HandlerCallDetails) -> Method | None:
        """The method from a generic handler, looked up for each call."""
        for handler in self._generic:
            found = handler.service(details)
            if found is not None:
                return self.given(details.method, found)
        return None

    def given(self, path: str, handler: Handler) -> Method:
        """The method of a handler, made once for as long as the path has the same handler."""
        kept = self._given.get(path)
        if kept is not None and kept[0] is handler:
            return kept[1]
        method = method_of(path, handler)
        if len(self._given) < _MAX_GIVEN:
            self._given[path] = (handler, method)
        return method
