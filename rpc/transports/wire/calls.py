"""The calls of a server of `wire`, passed on to the chain."""

import time
from typing import TYPE_CHECKING, Any, cast

from rpc.core.call import Call, ServicerContext, caller_names, read_ids, usable_request_id
from rpc.core.errors import RpcStatusError
from rpc.core.metadata_keys import BAGGAGE, REQUEST_ID, TRACEPARENT
from rpc.core.outcome import Outcome
from rpc.transports.transport import Method, MethodHandler, Methods

import grpc

if TYPE_CHECKING:
    from rpc.core.trace_context import TraceContext

    from wire.server.call import Call as WireCall


_REQUEST_ID, _TRACEPARENT = REQUEST_ID.encode(), TRACEPARENT.encode()
_BAGGAGE = BAGGAGE.encode()


class Calls:
    """Sees each call from its headers to the last byte of its response."""

    def __init__(self, methods: Methods, *, asks_for_names: bool = False) -> None:
        self._methods = methods
        self._asks_for_names = asks_for_names

    def call_started(self, context: "WireCall") -> None:
        """The headers of a call have arrived."""
        method = self._methods.find(context.method)
        handler = method.handler
        servicer_context: Any = context
        headers = context.headers
        trace: TraceContext = ()
        if _TRACEPARENT in headers or _BAGGAGE in headers:
            request_id, trace = read_ids(context.invocation_metadata())
        else:
            request_id = usable_request_id(headers.get(_REQUEST_ID, b"").decode("latin-1"))
        call = Call(
            method.name,
            servicer_context,
            context.started,
            context.deadline,
            context.connection.peer,
            request_id,
            trace,
            method.known,
            handler.request_streaming or handler.response_streaming,
            caller_names(servicer_context) if self._asks_for_names else (),
        )
        context.attachment = (call, method.chain)
        method.chain.arrived(call)
        if context.has_bytes:
            # What cannot be decoded ends the call.
            context.invocation_metadata()

    def call_ended(self, context: "WireCall", code: grpc.StatusCode, details: str) -> None:
        """The status of a call is decided, and about to be written."""
        call, chain = context.attachment
        if code is not grpc.StatusCode.OK:
            _name_request(context, call)
            if code is grpc.StatusCode.INTERNAL and call.outcome is None:
                # The transport has ended it, for something that the log should show.
                seconds = time.perf_counter() - call.started
                call.outcome = Outcome(code, seconds, details, f"ended by the transport: {details}")
        chain.ended(call, code, details)

    def call_closed(self, context: "WireCall") -> None:
        """A call's response has left, or nobody waits for it any more."""
        call, chain = context.attachment
        task = context.task
        # Each has the other, which would be work for the garbage collector.
        context.attachment = None
        if task is None or task.done():
            chain.closed(call)
        else:
            # Its servicer still works, or cleans up.
            task.add_done_callback(lambda _: chain.closed(call))


class GenericHandlers(grpc.GenericRpcHandler):
    """Finds methods generated code has not registered by name."""

    def __init__(self, methods: Methods) -> None:
        self._methods = methods
        self._found: dict[str, MethodHandler] = {}

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> MethodHandler | None:
        """The hook of `wire`: the handler of the called method."""
        name = handler_call_details.method
        handler = self._found.get(name)
        if handler is None:
            method = self._methods.find(name)
            if not method.exists:
                return None
            handler = handler_of(method)
            if method.known:
                self._found[name] = handler
        return handler


def handler_of(method: Method) -> MethodHandler:
    """The handler of a method for `wire` to run."""
    own = method.handler
    behavior: Any = method.chain.behavior(own, _call_of, _end)
    kinds = {
        (False, False): grpc.unary_unary_rpc_method_handler,
        (False, True): grpc.unary_stream_rpc_method_handler,
        (True, False): grpc.stream_unary_rpc_method_handler,
        (True, True): grpc.stream_stream_rpc_method_handler,
    }
    make: Any = kinds[bool(own.request_streaming), bool(own.response_streaming)]
    handler: MethodHandler = make(behavior, own.request_deserializer, own.response_serializer)
    return handler


def _call_of(context: Any) -> Call:
    call: Call = context.attachment[0]
    return call


async def _end(context: ServicerContext, status: RpcStatusError) -> None:
    cast("WireCall", context).end_by_abort(status.code, status.message, status.trailers)


def _name_request(context: "WireCall", call: Call) -> None:
    """Sends the caller the id of a failed call."""
    trailing = tuple(context.trailing_metadata())
    if not any(key == REQUEST_ID for key, _ in trailing):
        context.set_trailing_metadata(((REQUEST_ID, call.request_id), *trailing))
