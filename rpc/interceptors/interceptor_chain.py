"""Takes each call through the interceptors to its servicer, in one coroutine."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

from rpc.core.call import Call, ServicerContext, current_call
from rpc.core.errors import RpcStatusError
from rpc.core.metadata_keys import REQUEST_ID
from rpc.core.outcome import Outcome
from rpc.core.status_size import fitting
from rpc.interceptors.blocking import awaitable
from rpc.interceptors.hooks import hooks
from rpc.interceptors.interceptor import Proceed, ServerInterceptor
from rpc.interceptors.status_mapping import (
    Upstreams,
    first_in,
    internal_error,
    no_upstreams,
    servicer_status,
    without_exit,
)
from rpc.interceptors.streams import Read, Requests, StreamContext, send_responses
from rpc.transports.transport import Behavior, CallOf, End, MethodHandler

import grpc

_Invoke = Callable[[Call, Any, ServicerContext], Awaitable[Any]]

_EXPIRED = grpc.StatusCode.DEADLINE_EXCEEDED
_GAVE_UP = "the server cancelled what the call was waiting for"

_logger = logging.getLogger(__name__)


class InterceptorChain:
    """Runs a list of interceptors around servicers.

    A transport calls `arrived`, `ended` and `closed` for each call, in this order and once, whether
    or not a servicer sees the call. What it runs for a method is `behavior`.
    """

    def __init__(
        self, interceptors: Sequence[ServerInterceptor], upstreams: Upstreams = no_upstreams
    ) -> None:
        """Makes a chain.

        Args:
            interceptors: outermost first.
            upstreams: the state of the connections to upstreams.
        """
        self._upstreams = upstreams
        self._count = len(interceptors)
        self._started = hooks(interceptors, "started", outermost_first=True)
        self._entering = hooks(interceptors, "entering", outermost_first=True)
        self._received = hooks(interceptors, "received", outermost_first=True)
        self._intercept = hooks(interceptors, "intercept", outermost_first=False)
        self._failed = hooks(interceptors, "failed", outermost_first=False)
        self._finished = hooks(interceptors, "finished", outermost_first=False)
        self._closed = hooks(interceptors, "closed", outermost_first=False)

    def arrived(self, call: Call) -> None:
        """Calls the interceptors for a new call. One of them may refuse it."""
        for hook in self._started:
            try:
                hook.run(call)
            except Exception as error:  # noqa: BLE001  # whatever a program's own may raise
                call.interceptors_started = hook.place
                call.refusal = self._status(call, error)
                return
        call.interceptors_started = self._count

    def ended(self, call: Call, code: grpc.StatusCode, details: str) -> None:
        """Calls the interceptors after a call, and cancels what it has left open.

        Args:
            call: the call.
            code: its status, whoever made it.
            details: the status's text for its caller.
        """
        outcome = call.outcome
        if outcome is None or outcome.code is not code:
            # The transport has cut the call off, which may have waited for an upstream.
            diagnosis = self._upstreams() if code is _EXPIRED else ""
            seconds = time.perf_counter() - call.started
            outcome = call.outcome = Outcome(code, seconds, details, diagnosis or None)
        for upstream_call in call.upstream_calls or ():
            if not upstream_call.done():
                upstream_call.cancel()
        for hook in self._finished:
            if hook.place < call.interceptors_started:
                try:
                    hook.run(call, outcome)
                except Exception:  # must not change how a call ends
                    _logger.exception("an interceptor failed")

    def closed(self, call: Call) -> None:
        """Calls the interceptors once a call's response has left, or is given up."""
        for hook in self._closed:
            if hook.place < call.interceptors_started:
                try:
                    hook.run(call)
                except Exception:  # must not change how a call ends
                    _logger.exception("an interceptor failed")

    def behavior(self, handler: MethodHandler, call_of: CallOf, end: End) -> Behavior:
        """The coroutine that handles a method's calls.

        Args:
            handler: the method's, as generated code gives it.
            call_of: finds the call.
            end: is awaited to end a failed call.
        """
        run = awaitable(handler)
        invoke = self._invoke(handler, run)
        look, read = self._look, self._read
        # Each call has a task, and so a context, of its own: there is nothing to reset.
        enter = self._enter if self._entering else current_call.set
        many_requests = handler.request_streaming
        one_response = not handler.response_streaming
        streaming = many_requests or not one_response

        async def responding(request: Any, context: ServicerContext) -> Any:
            call = call_of(context)
            enter(call)
            failure: Exception | None = call.refusal
            response = None
            if failure is None:
                try:
                    if many_requests:
                        request = Requests(call, request, read)
                    else:
                        look(call, request)
                    seen: Any = StreamContext(call, context, read) if streaming else context
                    # One coroutine less for nearly all calls.
                    response = await (
                        run(request, seen) if invoke is None else invoke(call, request, seen)
                    )
                    call.responses += one_response
                    if call.refusal is not None or context.code() is not None:
                        failure = call.refusal or servicer_status(call)
                except grpc.aio.AbortError:
                    raise
                except asyncio.CancelledError:
                    if _is_cancelled():
                        raise
                    failure = call.refusal or RpcStatusError(grpc.StatusCode.CANCELLED, _GAVE_UP)
                except (Exception, SystemExit) as error:  # noqa: BLE001  # of any kind
                    _raise_abort_in(error)
                    failure = call.refusal or without_exit(error)
            if failure is not None:
                await end(context, self.failure(call, failure))
            return response

        return responding

    def failure(self, call: Call, error: Exception) -> RpcStatusError:
        """The status for an exception. It is noted as the call's outcome."""
        status = self._status(call, error)
        seconds = time.perf_counter() - call.started
        # The id lets a caller ask the operators about the call, and an orchestrator that the status
        # came from a server and not from its own side of the wire.
        trailers = ((REQUEST_ID, call.request_id), *status.trailers)
        message, trailers = fitting(status.message, trailers)
        call.outcome = Outcome(status.code, seconds, message, status.diagnosis)
        return RpcStatusError(status.code, message, trailers, status.diagnosis)

    def _enter(self, call: Call) -> None:
        """Makes the running task a call's."""
        current_call.set(call)
        for hook in self._entering:
            if hook.place < call.interceptors_started:
                try:
                    hook.run(call)
                except Exception:  # must not change what becomes of a call
                    _logger.exception("an interceptor failed")

    def _look(self, call: Call, request: Any) -> None:
        """Shows a request to the interceptors."""
        call.requests += 1
        for hook in self._received:
            hook.run(call, request)

    async def _read(self, call: Call, read: Read) -> Any:
        """Reads a request of a stream, and shows it to the interceptors.

        A failure ends the call, whatever the servicer makes of it: a stub sending the stream on
        would cancel its call instead of failing.
        """
        if call.refusal is not None:
            raise call.refusal
        try:
            request = await read()
            if request is not grpc.aio.EOF:
                self._look(call, request)
            return request
        except (StopAsyncIteration, grpc.aio.AbortError):
            raise
        except Exception as error:  # whatever a program's own may raise
            call.refusal = self._status(call, error)
            raise call.refusal from error

    def _invoke(self, handler: MethodHandler, run: Callable[[Any, Any], Any]) -> _Invoke | None:
        """Runs the servicer's method, inside of the waiting interceptors.

        None where `run`, the method itself, is all there is to do.
        """

        async def respond_many(_: Call, request: Any, context: ServicerContext) -> Any:
            await send_responses(run(request, context), context)

        async def respond_once(_: Call, request: Any, context: ServicerContext) -> Any:
            return await run(request, context)

        innermost: _Invoke = respond_many if handler.response_streaming else respond_once
        if not self._intercept:
            return respond_many if handler.response_streaming else None

        async def intercepted(call: Call, request: Any, context: ServicerContext) -> Any:
            proceed: Proceed = lambda request: innermost(call, request, context)  # noqa: E731
            for hook in self._intercept:
                proceed = partial(_intercepted, hook.run, call, proceed)
            return await proceed(request)

        return intercepted

    def _status(self, call: Call, error: Exception) -> RpcStatusError:
        for hook in self._failed:
            try:
                status: RpcStatusError | None = hook.run(call, error)
            except Exception as its_own:  # noqa: BLE001  # the next one maps it, like a servicer's
                error = its_own
                continue
            if status is not None:
                return status
        return error if isinstance(error, RpcStatusError) else internal_error(call, error)


def _raise_abort_in(error: BaseException) -> None:
    """Raises what `context.abort` raised in a task of a group. gRPC wants that exception itself."""
    found = error.subgroup(grpc.aio.AbortError) if isinstance(error, ExceptionGroup) else None
    if found is not None:
        raise first_in(found)


def _intercepted(
    intercept: Callable[..., Awaitable[Any]], call: Call, proceed: Proceed, request: Any
) -> Awaitable[Any]:
    return intercept(call, request, proceed)


def _is_cancelled() -> bool:
    """Whether the running task is cancelled, as opposed to something it waits for."""
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0
