"""From the headers of a call to its servicer's method."""

from __future__ import annotations

import logging
from asyncio import Task
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import grpc

from wire.loop.deadlines import deadlines_of
from wire.loop.flusher import flusher_of
from wire.protocol.compression import ACCEPTED_ENCODINGS, IDENTITY, encoding_of, is_known
from wire.protocol.timeout import parse_timeout
from wire.server.admission import Admission
from wire.server.fair_queue import FairQueue
from wire.server.held import Held
from wire.server.interceptors import Interceptors
from wire.server.methods import CallDetails, failing_method
from wire.server.streaming import respond_stream
from wire.server.threads import respond_in_thread
from wire.server.unary import respond_unary

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Collection, Coroutine, Sequence
    from concurrent.futures import Executor

    from wire.http2.limits import Limits
    from wire.server.call import Call
    from wire.server.methods import Method, Methods
    from wire.server.observer import CallObserver

_logger = logging.getLogger(__name__)

_INTERNAL = grpc.StatusCode.INTERNAL
_TOO_MUCH = grpc.StatusCode.RESOURCE_EXHAUSTED


class Dispatcher:
    """Begins calls, for all connections of a server."""

    make_room: Callable[[], None]
    """Ends what may be ended when too much is held."""

    def __init__(  # noqa: PLR0913 - all but two by name.
        self,
        methods: Methods,
        limits: Limits,
        *,
        observer: CallObserver | None = None,
        interceptors: Sequence[grpc.aio.ServerInterceptor] = (),
        compression: grpc.Compression | None = None,
        thread_pool: Executor | None = None,
        exempt: Collection[str] = (),
        admission: Admission | None = None,
    ) -> None:
        self.methods = methods
        self.limits = limits
        self.observer = observer
        self.encoding = encoding_of(compression)
        self.encodes = self.encoding != IDENTITY
        self.held = Held(limits.max_bytes_in_flight)
        self._exempt = frozenset(exempt)
        """Services with calls handled under any load, for as long as their callers like."""
        self.admission = admission or Admission()
        self._is_used = False
        self._pool = thread_pool
        self._own_pool: ThreadPoolExecutor | None = None
        self._interceptors = (
            Interceptors(interceptors, methods, self._handle) if interceptors else None
        )

    def use(self, loop: asyncio.AbstractEventLoop) -> None:
        """Work on a loop."""
        self.loop = loop
        self.flusher = flusher_of(loop)
        self.deadlines = deadlines_of(loop)
        self.fair_queue = FairQueue(loop, self.limits.max_wait, self.admission)
        self.flusher.before_each_flush(self.fair_queue.renew)
        self._is_used = True

    def close(self) -> None:
        """Let go of the event loop and the threads."""
        if self._is_used:
            self._is_used = False
            self.flusher.not_before_each_flush(self.fair_queue.renew)
        if self._own_pool is not None:
            self._own_pool.shutdown(wait=False)
            self._own_pool = None

    def is_exempt(self, path: str) -> bool:
        """Whether calls of a method are handled, whatever else there is to do."""
        return path[1:].partition("/")[0] in self._exempt

    def begin_call(self, call: Call) -> None:  # noqa: C901 - on the hot path.
        """A call's headers have arrived: look up its method, and refuse it if it cannot be."""
        headers = call.headers
        timeout = headers.get(b"grpc-timeout")
        timeout_is_readable = timeout is None or self._set_deadline(call, timeout)
        method = call.handler
        if method is None:
            method = call.handler = self._find(call)
        if self.observer is not None:
            try:
                self.observer.call_started(call)
            except Exception:
                _logger.exception("observer_failed")
            if call.ended:
                # The observer has found what cannot be read.
                return
        if not timeout_is_readable:
            call.fail(_INTERNAL, "the grpc-timeout cannot be read")
        elif call.deadline == call.started:
            call.expire()
        elif self.held.count > self.held.limit and not self._makes_room():
            call.fail(_TOO_MUCH, "the server holds too many bytes")
        elif b"grpc-encoding" in headers and not is_known(headers[b"grpc-encoding"]):
            call.refuse_encoding(ACCEPTED_ENCODINGS)
        elif method is None and self._interceptors is None:
            call.refuse_method()
        elif method is None or method.request_streaming:
            self.begin(call, None)

    def _find(self, call: Call) -> Method | None:
        try:
            return self.methods.find(CallDetails(call))
        except Exception as error:  # noqa: BLE001 - whatever a generic handler raises.
            return failing_method(call.method, error)

    def _set_deadline(self, call: Call, timeout: bytes) -> bool:
        try:
            call.deadline = call.started + parse_timeout(timeout)
        except ValueError:
            return False
        call.slot = self.deadlines.add_at(call.deadline, call)
        return True

    def _makes_room(self) -> bool:
        self.make_room()
        return self.held.count <= self.held.limit

    def begin(self, call: Call, message: bytes | None) -> None:
        """Run the servicer's method. The message is the request, for a method of one request."""
        method = call.handler
        if self._interceptors is not None:
            coroutine = self._interceptors.handle(call, message)
        elif message is not None and method is not None and method.is_simple:
            coroutine = respond_unary(call, method, message)
        else:
            coroutine = self._handle(call, message)
        # A name of its own making would cost each task more.
        call.task = Task(coroutine, loop=self.loop, name=call.method)

    def _handle(self, call: Call, message: bytes | None) -> Coroutine[Any, Any, None]:
        method = call.handler
        if method is not None and method.is_blocking:
            return respond_in_thread(call, message, self._threads())
        return respond_stream(call, message)

    def _threads(self) -> Executor:
        if self._pool is not None:
            return self._pool
        if self._own_pool is None:
            self._own_pool = ThreadPoolExecutor(thread_name_prefix="servicer")
        return self._own_pool
