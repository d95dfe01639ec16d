"""Calls of grpc.aio, with two faults of its calling side mended (docs/grpcio.md).

For an unreadable response it logs a traceback, and gives its caller None. A status sent before the
last request gives way to INTERNAL, "Internal error from Core".
"""

from collections.abc import Callable
from typing import Any

from rpc.transports.grpcio.texts import CALL_IS_OVER

import grpc

Parse = Callable[[bytes], Any] | None

_KINDS = ("unary_unary", "unary_stream", "stream_unary", "stream_stream")


def mend_calls(channel: grpc.aio.Channel) -> grpc.aio.Channel:
    """Has the calls of a channel fail with INTERNAL where a response cannot be read.

    An early status of the server stays as it is.
    """
    for kind in _KINDS:
        setattr(channel, kind, _mended(getattr(channel, kind)))
    return channel


def _mended(kind: Callable[..., Any]) -> Callable[..., Any]:
    def method(
        path: str, request_serializer: Any = None, response_deserializer: Parse = None, **more: Any
    ) -> Callable[..., Any]:
        begin = kind(path, request_serializer, None, **more)

        def begin_mended(*args: Any, **kwargs: Any) -> Any:
            call = begin(*args, **kwargs)
            # Nothing of it has run yet: its tasks are younger than this step of the event loop.
            call._cython_call = _CoreCall(call._cython_call, response_deserializer)  # noqa: SLF001
            return call

        return begin_mended

    return method


class _CoreCall:
    """Stands in for grpc.aio's own call: it can be neither subclassed nor added to."""

    __slots__ = ("_call", "_callbacks", "_is_unreadable", "_parse", "cancelled", "done", "is_ok")

    def __init__(self, call: Any, parse: Parse) -> None:
        self._call = call
        self._parse = parse
        self._callbacks: list[Callable[[], None]] | None = []
        self._is_unreadable = False
        self.cancelled, self.done, self.is_ok = call.cancelled, call.done, call.is_ok

    def __getattr__(self, name: str) -> Any:
        return getattr(self._call, name)

    def add_done_callback(self, callback: Callable[[], None]) -> None:
        # The status of a call is not known before its only response is read.
        if self._callbacks is None:
            self._call.add_done_callback(callback)
        else:
            self._callbacks.append(callback)

    def cancel(self, details: str) -> None:
        self._call.cancel(details)
        self._call_back()

    def is_locally_cancelled(self) -> bool:
        return not self._is_unreadable and bool(self._call.is_locally_cancelled())

    def set_internal_error(self, text: str) -> None:
        # grpc.aio then waits for the status, which the core has by then or gets.
        if not text.startswith(CALL_IS_OVER):
            self._call.set_internal_error(text)

    async def unary_unary(self, *args: Any) -> Any:
        try:
            return self._only_response(await self._call.unary_unary(*args))
        finally:
            self._call_back()

    async def stream_unary(self, *args: Any) -> Any:
        try:
            return self._only_response(await self._call.stream_unary(*args))
        finally:
            self._call_back()

    async def initiate_unary_stream(self, *args: Any) -> None:
        self._call_back()
        await self._call.initiate_unary_stream(*args)

    async def initiate_stream_stream(self, *args: Any) -> None:
        self._call_back()
        await self._call.initiate_stream_stream(*args)

    async def receive_serialized_message(self) -> Any:
        message = await self._call.receive_serialized_message()
        return message if message is grpc.aio.EOF else self._parsed(message)

    def _only_response(self, message: bytes | None) -> Any:
        if not self.is_ok():
            return None
        if message is None:
            return self._refuse("the status is OK, but there is no response")
        return self._parsed(message)

    def _parsed(self, message: bytes) -> Any:
        if self._parse is None:
            return message
        try:
            return self._parse(message)
        except Exception as error:  # noqa: BLE001  # whatever a deserialiser raises
            return self._refuse(f"the response cannot be read: {error!r}")

    def _refuse(self, reason: str) -> Any:
        self._is_unreadable = True
        was_done = self.done()
        self._call.set_internal_error(reason)
        if not was_done:
            # The server need not send the rest. gRPC's own status of this is not the call's.
            self._call.cancel(reason)
            self._call.set_internal_error(reason)
        return grpc.aio.EOF

    def _call_back(self) -> None:
        """Passes on the callbacks for the end."""
        callbacks, self._callbacks = self._callbacks, None
        for callback in callbacks or ():
            self._call.add_done_callback(callback)
