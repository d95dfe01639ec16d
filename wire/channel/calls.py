"""The calls of the four kinds, by what they send and what they receive."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

import grpc

from wire.channel.request_stream import RequestStream
from wire.channel.stream_response_call import StreamResponseCall
from wire.channel.unary_response_call import UnaryResponseCall
from wire.protocol.timeout import format_timeout

if TYPE_CHECKING:
    from wire.channel.connection import ClientConnection
    from wire.protocol.metadata import Field


class UnaryUnaryCall(UnaryResponseCall):
    """One request, one response."""

    __slots__ = ()

    def send_on(self, connection: ClientConnection) -> None:
        """Send the request."""
        expires = self._expires
        try:
            timeout = None if expires is None else format_timeout(expires - perf_counter())
        except TimeoutError:
            self.expire_unsent()
            return
        self._connection = connection
        self._stream_id = connection.send_request(
            self,
            self._method.path,
            timeout,
            self._request_metadata() if self._attempts else self._metadata,
            self._message,
        )


class StreamUnaryCall(RequestStream, UnaryResponseCall):
    """Requests, one response."""

    __slots__ = (
        "_consumer",
        "_failed_at_start",
        "_half_closed",
        "_is_final",
        "_is_full",
        "_is_written_to",
        "_kept",
        "_outbox",
        "_request_encoding",
        "_requests_done",
        "_sent",
        "_writers",
    )

    def _begin_response(self, fields: list[Field]) -> None:
        super()._begin_response(fields)
        if self._head is not None:
            self._commit()

    def _is_committed(self) -> bool:
        return self._is_final or super()._is_committed()

    def _raise_for_status(self) -> None:
        self.result()


class _StreamCall(RequestStream, StreamResponseCall):
    """Any requests, responses."""

    def _is_committed(self) -> bool:
        return self._is_final or super()._is_committed()


class UnaryStreamCall(_StreamCall):
    """One request, responses."""

    # The server has all that it needs to respond.
    wait_for_connection = StreamResponseCall.wait_for_connection


class StreamStreamCall(_StreamCall):
    """Requests, responses."""


# Interceptors ask whether they were given a call or a response.
grpc.aio.UnaryUnaryCall.register(UnaryUnaryCall)
grpc.aio.StreamUnaryCall.register(StreamUnaryCall)
grpc.aio.UnaryStreamCall.register(UnaryStreamCall)
grpc.aio.StreamStreamCall.register(StreamStreamCall)
