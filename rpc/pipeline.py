"""What every call passes through on its way to the servicer, put together in one place."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import cast

from rpc.arrivals import Arrivals
from rpc.call import Call, Handler, Request, Response, ServicerContext, current_call
from rpc.methods import MethodHandler
from rpc.observation import Observer, observe
from rpc.shedding import Slots, shed
from rpc.status import end_with_status, map_errors, missing_request, undecodable

import grpc
from google.protobuf.message import DecodeError


class Pipeline:
    """Wraps each method of one service; other services on the server are left alone.

    Health checks in particular: they are neither shed nor logged.

    Attributes:
        arrivals: when the service's calls arrive.
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
        handler = map_errors(_decode(servicer_method))
        handler = shed(handler, self._slots)
        handler = observe(handler, self._observers)
        handler = end_with_status(handler)
        # A method that takes a stream of requests, of which it reads the first: to gRPC's unary
        # ones a call that ends without a request is cancelled, and its caller gets no answer.
        return grpc.stream_unary_rpc_method_handler(
            _begin(method, handler, self.arrivals),
            # The request stays bytes until `_decode`: gRPC would answer UNKNOWN, with the
            # exception's text, to bytes that it cannot parse.
            request_deserializer=None,
            response_serializer=servicer_method.response_serializer,
        )


def _decode(servicer_method: MethodHandler) -> Handler:
    parse, answer = servicer_method.request_deserializer, servicer_method.unary_unary
    if parse is None or answer is None:
        raise TypeError("the pipeline takes unary methods with protobuf requests only")

    async def decoding(request: Request, call: Call) -> Response:
        if request is grpc.aio.EOF:
            raise missing_request()
        try:
            message = parse(request)
        except DecodeError as error:
            raise undecodable(error) from error
        return await cast(
            "Awaitable[Response]", answer(message, cast("grpc.ServicerContext", call.context))
        )

    return decoding


def _begin(
    method: str, handler: Handler, arrivals: Arrivals
) -> Callable[[AsyncIterator[Request], ServicerContext], Awaitable[Response]]:
    async def beginning(_: AsyncIterator[Request], context: ServicerContext) -> Response:
        request = await context.read()
        call = Call.arriving(method, context)
        arrivals.latest = call.started
        # Each call has a task, and so a context, of its own: there is nothing to reset.
        current_call.set(call)
        return await handler(request, call)

    return beginning
