"""A channel for calls on behalf of the call in hand."""

import logging
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from rpc.core.call import UpstreamCall, current_call
from rpc.core.errors import RpcStatusError
from rpc.upstream.interceptor import UpstreamInterceptor
from rpc.upstream.propagation import (
    Metadata,
    effective_timeout,
    new_upstream_call,
    outgoing_metadata,
)
from rpc.upstream.watch import UpstreamWatch

import grpc

Send = Callable[..., Any]

CallMethod = Callable[..., Any]
"""Begins a call of one method. It takes the arguments of a method of grpc.aio's stubs, and returns
its result: a call, to be awaited or iterated over. A failed call raises grpc.aio.AioRpcError."""

_logger = logging.getLogger(__name__)


class UpstreamChannel:
    """Stands in for a channel where a stub is made, so a servicer calls the stub as it is.

    Each call takes the deadline, the request id and the trace of the running task's call, ends with
    it, and waits for the upstream while there is time. Interceptors of grpc.aio could not do so as
    well: it starts a further task for each call they see.
    """

    def __init__(
        self,
        channel: grpc.aio.Channel,
        default_timeout: float,
        interceptors: Sequence[UpstreamInterceptor] = (),
        watch: UpstreamWatch | None = None,
        target: str = "",
    ) -> None:
        """Wraps a channel.

        Args:
            channel: carries the calls.
            default_timeout: seconds for a call without a caller's deadline.
            interceptors: see each call, outermost first.
            watch: follows the channel, and counts calls waiting for it. None for nobody.
            target: where the channel leads to, for the interceptors.
        """
        self._channel = channel
        self._default_timeout = default_timeout
        self._interceptors = tuple(interceptors)
        self._watch = watch
        self._target = target

    def unary_unary(self, method: str, *args: Any, **kwargs: Any) -> CallMethod:
        """Generated stubs call this once for each unary method."""
        return self._calling(method, self._channel.unary_unary(method, *args, **kwargs))

    def unary_stream(self, method: str, *args: Any, **kwargs: Any) -> CallMethod:
        """Generated stubs call this for each method with a stream of responses."""
        return self._calling(method, self._channel.unary_stream(method, *args, **kwargs))

    def stream_unary(self, method: str, *args: Any, **kwargs: Any) -> CallMethod:
        """Generated stubs call this for each method with a stream of requests."""
        return self._calling(method, self._channel.stream_unary(method, *args, **kwargs))

    def stream_stream(self, method: str, *args: Any, **kwargs: Any) -> CallMethod:
        """Generated stubs call this for each method with both streams."""
        return self._calling(method, self._channel.stream_stream(method, *args, **kwargs))

    async def close(self) -> None:
        """Closes the channel. Calls under way are cancelled."""
        if self._watch is not None:
            await self._watch.close()
        await self._channel.close()

    def _calling(self, method: str, send: Send) -> CallMethod:
        """Calls a method, in the one way for all kinds."""
        watch = self._watch

        def call_upstream(  # noqa: PLR0913  # the arguments of grpc.aio's stubs
            request: Any = None,
            *,
            timeout: float | None = None,
            metadata: Metadata = (),
            credentials: grpc.CallCredentials | None = None,
            wait_for_ready: bool | None = True,
            compression: grpc.Compression | None = None,
        ) -> Any:
            serving = current_call.get()
            seconds = effective_timeout(serving, timeout, self._default_timeout)
            if self._interceptors:
                call = new_upstream_call(serving, method, seconds, metadata, self._target)
                self._start(call)
                sending = call.outgoing_metadata()
            else:
                sending = outgoing_metadata(serving, metadata)
            try:
                sent = send(
                    request,
                    timeout=seconds,
                    metadata=sending,
                    credentials=credentials,
                    wait_for_ready=wait_for_ready,
                    compression=compression,
                )
            except Exception:  # of metadata that cannot be sent, or of a closed channel
                if self._interceptors:
                    self._tell_end(call, self._interceptors, grpc.StatusCode.UNKNOWN)
                raise
            if self._interceptors:
                sent.add_done_callback(partial(self._finish, call, self._interceptors))
            if watch is not None and not watch.is_ready:
                watch.wait(sent)
            if serving is not None:
                # A servicer may end without it, as when another one of its calls fails.
                serving.opened(sent)
            return sent

        return call_upstream

    def _start(self, call: UpstreamCall) -> None:
        for place, interceptor in enumerate(self._interceptors):
            try:
                interceptor.started(call)
            except Exception as error:
                code = error.code if isinstance(error, RpcStatusError) else grpc.StatusCode.UNKNOWN
                self._tell_end(call, self._interceptors[:place], code)
                raise

    def _finish(
        self, call: UpstreamCall, interceptors: Sequence[UpstreamInterceptor], done: Any
    ) -> None:
        # grpc.aio calls back again if a call is cancelled while its status arrives.
        if not call.is_over:
            call.is_over = True
            self._tell_end(call, interceptors, _code(done))

    def _tell_end(
        self, call: UpstreamCall, interceptors: Sequence[UpstreamInterceptor], code: grpc.StatusCode
    ) -> None:
        seconds = time.perf_counter() - call.started
        for interceptor in reversed(interceptors):
            try:
                interceptor.finished(call, code, seconds)
            except Exception:  # must not change how a call ends
                _logger.exception("an interceptor failed")


def _code(done: Any) -> grpc.StatusCode:
    """The status of a finished call."""
    asking = done.code()
    try:
        # A coroutine, which has nothing to wait for by now.
        asking.send(None)
    except StopIteration as stop:
        code: grpc.StatusCode = stop.value
        return code
    asking.close()
    return grpc.StatusCode.CANCELLED
