"""grpc.aio's server interceptors: each may give another handler for a call, or none."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import grpc

from wire.server.methods import CallDetails, Methods
from wire.server.unary import failed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from wire.server.call import Call

    Handler = grpc.RpcMethodHandler[Any, Any]
    Continuation = Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]]
    HandleCall = Callable[[Call, bytes | None], Awaitable[None]]


class Interceptors:
    """Asks the interceptors, in their order, for the handler of each call."""

    def __init__(
        self,
        interceptors: Sequence[grpc.aio.ServerInterceptor],
        methods: Methods,
        handle: HandleCall,
    ) -> None:
        self._methods = methods
        self._handle = handle
        chain: Continuation = self._find
        for interceptor in reversed(interceptors):
            if not isinstance(interceptor, grpc.aio.ServerInterceptor):
                raise ValueError(f"{interceptor!r} is none of grpc.aio's server interceptors")  # noqa: TRY004
            chain = partial(interceptor.intercept_service, chain)
        self._chain = chain

    async def _find(self, details: grpc.HandlerCallDetails) -> Handler | None:
        path = details.method.encode("utf-8", "surrogatepass")
        method = self._methods.registered(path) or self._methods.find(details)
        return None if method is None else method.source

    async def handle(self, call: Call, message: bytes | None) -> None:
        """Handle a call by the interceptors' handler."""
        call.running = True
        try:
            handler = await self._chain(CallDetails(call))
            if handler is None:
                call.refuse_method()
            else:
                call.handler = self._methods.given(call.method, handler)
        except BaseException as error:  # noqa: BLE001 - `failed` raises what is not the call's.
            failed(call, error)
        if call.ended:
            call.stopped_running()
            return
        await self._handle(call, message)
