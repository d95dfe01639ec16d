"""The calls of a server of grpc.aio, passed on to the chain."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import Any, cast

from rpc.core.call import Call, ServicerContext, caller_names, current_call
from rpc.core.deadline import margin
from rpc.core.errors import RpcStatusError
from rpc.transports.grpcio.arrivals import Arrivals
from rpc.transports.grpcio.held_responses import HeldResponses
from rpc.transports.grpcio.open_calls import OpenCalls
from rpc.transports.grpcio.status import sendable_code
from rpc.transports.grpcio.stream_context import CANCELLATION_SECONDS, CallContext, StreamContext
from rpc.transports.transport import Behavior, Method, MethodHandler, Methods

import grpc
from google.protobuf.message import DecodeError


class Calls(grpc.GenericRpcHandler):
    """The handler of all calls to a server of grpc.aio.

    All methods are one generic handler. For each method registered by itself grpc.aio keeps a task
    to wait for the method's next call, and looks through all of these tasks at every call. A
    handler bound to no server also outlives a replaced server.
    """

    def __init__(
        self,
        methods: Methods,
        arrivals: Arrivals,
        responses: HeldResponses,
        open_calls: OpenCalls,
        *,
        asks_for_names: bool = False,
    ) -> None:
        self._methods = methods
        self._arrivals = arrivals
        self._responses = responses
        self._open_calls = open_calls
        self._asks_for_names = asks_for_names
        self._handlers: dict[str, MethodHandler] = {}

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> MethodHandler:
        """The hook of gRPC: the handler of the called method."""
        name = handler_call_details.method
        handler = self._handlers.get(name)
        if handler is None:
            method = self._methods.find(name)
            handler = self._handler(method)
            if method.known:
                self._handlers[name] = handler
        return handler

    def _handler(self, method: Method) -> MethodHandler:
        own = method.handler
        respond = self._responding(method)
        # A method with one request takes a stream of them here and reads the first: to gRPC's own a
        # call that ends without a request is cancelled, and its caller gets no response.
        # One request or response stays bytes here. To what it cannot parse or serialise gRPC
        # would respond with UNKNOWN and the exception's text.
        parse = _parser(own) if own.request_streaming else None
        if own.response_streaming:
            serialise = own.response_serializer
            return grpc.stream_stream_rpc_method_handler(respond, parse, serialise)
        return grpc.stream_unary_rpc_method_handler(respond, parse, None)

    def _responding(self, method: Method) -> Any:
        own, chain = method.handler, method.chain
        behavior = chain.behavior(own, _current, _raise)
        streaming = own.request_streaming or own.response_streaming

        async def responding(requests: AsyncIterator[Any], context: ServicerContext) -> Any:
            call = Call.arriving(
                method.name,
                context,
                known=method.known,
                streaming=streaming,
                callers=caller_names(context) if self._asks_for_names else (),
            )
            self._arrivals.count += not method.is_admin
            current_call.set(call)
            chain.arrived(call)
            self._open_calls.opened(call)
            # The response has left, or nobody waits for it. The servicer is done by then.
            over: Any = lambda _: chain.closed(call)  # noqa: E731
            context.add_done_callback(over)
            code, details, told = grpc.StatusCode.UNKNOWN, "", False
            try:
                response = await _respond(method, behavior, requests, call)
                await self._wait_to_send(method, call)
                code = grpc.StatusCode.OK
                return response
            except grpc.aio.AbortError:
                code, details = context.code(), context.details()
                raise
            except asyncio.CancelledError:
                code = _cancellation(call)
                raise
            except Exception as error:  # noqa: BLE001  # none may reach gRPC: it would tell its text
                status = _status(method, call, error)
                code, details = sendable_code(status.code), status.message
                await self._wait_to_send(method, call)
                # Before the caller gets the status, and looks for the line in the log.
                told = True
                chain.ended(call, code, details)
                await CallContext(context).abort(code, details, status.trailers)
            finally:
                if not told:
                    chain.ended(call, code, details)
                self._open_calls.closed(call)

        return responding

    async def _wait_to_send(self, method: Method, call: Call) -> None:
        if not method.is_admin:
            await self._responses.wait_to_send(call.peer)


async def _respond(
    method: Method, behavior: Behavior, requests: AsyncIterator[Any], call: Call
) -> Any:
    """The response, ready to be sent, or None for a stream already sent."""
    own, context = method.handler, call.context
    if call.refusal is not None:
        raise call.refusal
    request = requests if own.request_streaming else await _only_request(own, context)
    seen = StreamContext(context) if call.streaming else CallContext(context)
    response = await behavior(request, cast("ServicerContext", seen))
    serialise: Callable[[Any], bytes] | None = own.response_serializer
    return response if own.response_streaming or serialise is None else serialise(response)


def _status(method: Method, call: Call, error: Exception) -> RpcStatusError:
    """The status for an exception. For a servicer's the chain has made it already."""
    if isinstance(error, RpcStatusError) and call.outcome is not None:
        return error
    return method.chain.failure(call, error)


def _current(_: ServicerContext) -> Call:
    call = current_call.get()
    assert call is not None  # noqa: S101  # `responding` has set it in the same task
    return call


async def _raise(_: ServicerContext, status: RpcStatusError) -> None:
    raise status


def _parser(handler: MethodHandler) -> Callable[[bytes], Any]:
    """Makes a request of bytes. It raises RpcStatusError, INTERNAL, if they are none."""
    parse: Callable[[bytes], Any] | None = handler.request_deserializer

    def parsed(data: bytes) -> Any:
        try:
            return data if parse is None else parse(data)
        except DecodeError as error:
            raise undecodable(error) from error

    return parsed


async def _only_request(handler: MethodHandler, context: ServicerContext) -> Any:
    request = await context.read()
    if request is grpc.aio.EOF:
        # Also when the caller has left, or the request is larger than it may be: then gRPC
        # cancels this task, but not before it has told of the end.
        await asyncio.sleep(CANCELLATION_SECONDS)
        raise RpcStatusError(grpc.StatusCode.INTERNAL, "the call ended without a request")
    return _parser(handler)(request)


def undecodable(error: DecodeError) -> RpcStatusError:
    """The status for bytes that are not the message they should be.

    https://grpc.github.io/grpc/core/md_doc_statuscodes.html: a server that cannot parse a request
    responds with INTERNAL.
    """
    message = "the request is not a valid message of the method's type"
    return RpcStatusError(grpc.StatusCode.INTERNAL, message, diagnosis=str(error))


def _cancellation(call: Call) -> grpc.StatusCode:
    # gRPC cancels a handler for both reasons and does not say which it was. A caller whose
    # deadline passes cancels at that moment, which can be just before this side's clock gets there.
    if call.expires is not None:
        early = margin(call.expires - call.started)
        if time.perf_counter() >= call.expires - early:
            return grpc.StatusCode.DEADLINE_EXCEEDED
    return grpc.StatusCode.CANCELLED
