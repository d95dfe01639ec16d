"""What every call passes through on its way to the servicer, put together in one place."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, cast

from rpc.core.call import Call, Handler, ServicerContext, current_call
from rpc.interceptors.load_shedding import Slots, shed
from rpc.interceptors.observation import Observer, observe
from rpc.interceptors.status_mapping import (
    end_with_status,
    map_errors,
    missing_request,
    servicer_status,
    undecodable,
    unknown_method,
)
from rpc.server.methods import MethodHandler
from rpc.transports.grpcio.arrivals import Arrivals
from rpc.transports.grpcio.held_answers import Answers, hold_back

import grpc
from google.protobuf.message import DecodeError

# How long after the end of a call's requests gRPC may still say that the call is cancelled.
_CANCELLATION_SECONDS = 0.1


class Pipeline:
    """Wraps each method of one service; other services on the server are left alone.

    Health checks in particular: they are neither shed nor logged.

    Attributes:
        answers: whether the answers to the service's calls are sent.
        arrivals: counts these calls.
    """

    def __init__(
        self, service: str, max_concurrent_rpcs: int, observers: Sequence[Observer]
    ) -> None:
        """Makes the pipeline of a service.

        Args:
            service: full name, as in `user.Orchestrator1Service`.
            max_concurrent_rpcs: calls answered at once; further ones are refused.
            observers: are told of each call.
        """
        self.answers = Answers()
        self.arrivals = Arrivals()
        self._prefix = f"/{service}/"
        self._slots = Slots(max_concurrent_rpcs)
        self._observers = observers

    def wrap(self, method: str, servicer_method: MethodHandler) -> MethodHandler:
        """The handler that is to answer a method, given the servicer's.

        Raises:
            TypeError: the method is the service's and not unary.
        """
        if not method.startswith(self._prefix):
            return servicer_method
        handler = shed(map_errors(_answer(method, servicer_method)), self._slots)
        return self._method_handler(method, _read_request(handler), known=True)

    def refuse(self, method: str) -> MethodHandler:
        """The handler that answers a method that there is not, so that it is recorded too."""
        return self._method_handler(method, _refuse, known=False)

    def _method_handler(self, method: str, handler: Handler, *, known: bool) -> MethodHandler:
        handler = observe(hold_back(handler, self.answers), self._observers)
        # A method that takes a stream of requests, of which it reads the first: to gRPC's unary
        # ones a call that ends without a request is cancelled, and its caller gets no answer.
        return grpc.stream_unary_rpc_method_handler(
            _begin(method, end_with_status(handler), self.arrivals, known=known),
            # Request and response stay bytes here: gRPC would answer UNKNOWN, with the exception's
            # text, to what it cannot parse or serialise.
            request_deserializer=None,
            response_serializer=None,
        )


def _answer(method: str, servicer_method: MethodHandler) -> Handler:
    parse, serialise = servicer_method.request_deserializer, servicer_method.response_serializer
    answer = servicer_method.unary_unary
    if parse is None or serialise is None or answer is None:
        raise TypeError(f"{method} is not a unary method with protobuf messages, as all have to be")

    async def answering(call: Call) -> bytes:
        try:
            message = parse(call.request)
        except DecodeError as error:
            raise undecodable(error) from error
        context = cast("grpc.ServicerContext", call.context)
        response = await cast("Awaitable[Any]", answer(message, context))
        status = servicer_status(call)
        if status is not None:
            raise status
        return serialise(response)

    return answering


def _read_request(handler: Handler) -> Handler:
    """Reads the call's request, then hands the call on."""

    async def reading(call: Call) -> bytes:
        request = await call.context.read()
        if request is grpc.aio.EOF:
            # Also when the caller has left, or the request is larger than it may be: then gRPC
            # cancels this task, but not before it has told of the end.
            await asyncio.sleep(_CANCELLATION_SECONDS)
            raise missing_request()
        call.request = request
        return await handler(call)

    return reading


async def _refuse(_: Call) -> bytes:
    raise unknown_method()


def _begin(
    method: str, handler: Handler, arrivals: Arrivals, *, known: bool
) -> Callable[[AsyncIterator[bytes], ServicerContext], Awaitable[bytes]]:
    async def beginning(_: AsyncIterator[bytes], context: ServicerContext) -> bytes:
        call = Call.arriving(method, context, known=known)
        arrivals.count += 1
        # Each call has a task, and so a context, of its own: there is nothing to reset.
        current_call.set(call)
        return await handler(call)

    return beginning
