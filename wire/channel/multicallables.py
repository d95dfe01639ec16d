"""What a stub calls: one object for each of its methods, in grpc.aio's shape."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import grpc

from wire.channel.calls import StreamStreamCall, StreamUnaryCall, UnaryStreamCall, UnaryUnaryCall
from wire.channel.request_stream import framed
from wire.protocol.compression import IDENTITY, encoding_of
from wire.protocol.messages import frame_message
from wire.protocol.metadata import encode_metadata

if TYPE_CHECKING:
    UnaryUnary = grpc.aio.UnaryUnaryMultiCallable[Any, Any]
    UnaryStream = grpc.aio.UnaryStreamMultiCallable[Any, Any]
    StreamUnary = grpc.aio.StreamUnaryMultiCallable[Any, Any]
    StreamStream = grpc.aio.StreamStreamMultiCallable[Any, Any]

    from wire.channel.method import Method
    from wire.protocol.metadata import Field
else:
    # grpcio's own are generic from 1.84 on.
    UnaryUnary = grpc.aio.UnaryUnaryMultiCallable
    UnaryStream = grpc.aio.UnaryStreamMultiCallable
    StreamUnary = grpc.aio.StreamUnaryMultiCallable
    StreamStream = grpc.aio.StreamStreamMultiCallable


class _MultiCallable:
    """What the four kinds share: defaults for omitted arguments."""

    def __init__(self, method: Method, compression: grpc.Compression | None) -> None:
        self._method = method
        self._encoding = encoding_of(compression)
        config = method.config
        self._timeout = config.timeout
        self._wait_for_ready = config.wait_for_ready

    def _time(self, timeout: float | None) -> float | None:
        """The shorter one of the caller's and the service config's."""
        if timeout is None or self._timeout is None:
            return self._timeout if timeout is None else timeout
        return min(timeout, self._timeout)

    def _require_open(self) -> None:
        if self._method.dispatcher.is_closing:
            raise grpc.aio.UsageError("the channel is closed")

    def _patience(self, wait_for_ready: bool | None) -> bool:  # noqa: FBT001 - as grpc.aio has it
        return self._wait_for_ready if wait_for_ready is None else wait_for_ready

    def _compression(self, compression: grpc.Compression | None) -> bytes:
        return self._encoding if compression is None else encoding_of(compression)


def _no_credentials() -> ValueError:
    return ValueError("call credentials are not supported: send a token as metadata")


def _fields(metadata: Any, credentials: grpc.CallCredentials | None) -> list[Field]:
    if credentials is not None:
        raise _no_credentials()
    return encode_metadata(metadata) if metadata else []


class UnaryUnaryMultiCallable(_MultiCallable, UnaryUnary):
    """Calls a method with one request and one response."""

    def __call__(  # noqa: PLR0913 - grpc.aio's shape
        self,
        request: Any,
        *,
        timeout: float | None = None,
        metadata: Any = None,
        credentials: grpc.CallCredentials | None = None,
        wait_for_ready: bool | None = None,
        compression: grpc.Compression | None = None,
    ) -> Any:
        """Begins a call.

        Raises:
            grpc.aio.UsageError: the channel is closed.
            wire.errors.MetadataError: metadata cannot be sent.
        """
        if credentials is not None:
            raise _no_credentials()
        fields = encode_metadata(metadata) if metadata else []
        encoding = self._encoding if compression is None else encoding_of(compression)
        method = self._method
        if method.dispatcher.is_closing:
            raise grpc.aio.UsageError("the channel is closed")
        if encoding == IDENTITY:
            message = frame_message(method.serialize(request))
        else:
            fields = [(b"grpc-encoding", encoding), *fields]
            message = framed(method, request, encoding)
        call = UnaryUnaryCall(
            method,
            timeout if self._timeout is None else self._time(timeout),
            fields,
            self._wait_for_ready if wait_for_ready is None else wait_for_ready,
            message,
        )
        method.dispatcher.submit(call)
        return call


class UnaryStreamMultiCallable(_MultiCallable, UnaryStream):
    """Calls a method with one request and a stream of responses."""

    def __call__(  # noqa: PLR0913 - grpc.aio's shape
        self,
        request: Any,
        *,
        timeout: float | None = None,
        metadata: Any = None,
        credentials: grpc.CallCredentials | None = None,
        wait_for_ready: bool | None = None,
        compression: grpc.Compression | None = None,
    ) -> Any:
        """Begins a call. See `UnaryUnaryMultiCallable`."""
        self._require_open()
        call = UnaryStreamCall(
            self._method,
            self._time(timeout),
            _fields(metadata, credentials),
            self._patience(wait_for_ready),
        )
        call.start_with(request, self._compression(compression))
        return call


class StreamUnaryMultiCallable(_MultiCallable, StreamUnary):
    """Calls a method with a stream of requests and one response."""

    def __call__(  # noqa: PLR0913, PLR0917 - grpc.aio's shape
        self,
        request_iterator: Any = None,
        timeout: float | None = None,
        metadata: Any = None,
        credentials: grpc.CallCredentials | None = None,
        wait_for_ready: bool | None = None,  # noqa: FBT001 - as grpc.aio has it
        compression: grpc.Compression | None = None,
    ) -> Any:
        """Begins a call. See `UnaryUnaryMultiCallable`."""
        self._require_open()
        call = StreamUnaryCall(
            self._method,
            self._time(timeout),
            _fields(metadata, credentials),
            self._patience(wait_for_ready),
        )
        call.start(request_iterator, self._compression(compression))
        return call


class StreamStreamMultiCallable(_MultiCallable, StreamStream):
    """Calls a method with a stream of requests and a stream of responses."""

    def __call__(  # noqa: PLR0913, PLR0917 - grpc.aio's shape
        self,
        request_iterator: Any = None,
        timeout: float | None = None,
        metadata: Any = None,
        credentials: grpc.CallCredentials | None = None,
        wait_for_ready: bool | None = None,  # noqa: FBT001 - as grpc.aio has it
        compression: grpc.Compression | None = None,
    ) -> Any:
        """Begins a call. See `UnaryUnaryMultiCallable`."""
        self._require_open()
        call = StreamStreamCall(
            self._method,
            self._time(timeout),
            _fields(metadata, credentials),
            self._patience(wait_for_ready),
        )
        call.start(request_iterator, self._compression(compression))
        return call
