"""A server's side of a connection: who calls, and how headers become calls."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

import grpc

from wire.http2.error_codes import INADEQUATE_SECURITY, PROTOCOL_ERROR, StreamFault
from wire.protocol.metadata import BINARY_SUFFIX
from wire.server.backlog import Backlog
from wire.server.call import Call
from wire.server.connection_drain import ConnectionDrain
from wire.server.identity import Identity, caller_of, identity_of, peer_of
from wire.server.observer import ConnectionRefusal
from wire.server.responses import HEAD
from wire.tls import agreed_on_http2

if TYPE_CHECKING:
    import asyncio
    import ssl

    from wire.http2.connection import ConnectionEnd
    from wire.http2.fields import Fields
    from wire.http2.stream import Stream
    from wire.protocol.metadata import Field
    from wire.server.connections import Connections
    from wire.server.dispatcher import Dispatcher
    from wire.server.methods import Method
    from wire.server.refusal import RefusalFrames
    from wire.server.sweep import Sweep

_GRPC = b"application/grpc"


class ServerConnection(Backlog, ConnectionDrain):
    """Handles the calls of one caller."""

    is_server = True
    sweep: Sweep
    """What the checks of this connection have seen."""

    def __init__(
        self, dispatcher: Dispatcher, connections: Connections, *, secure: bool = False
    ) -> None:
        super().__init__(dispatcher)
        self.held = dispatcher.held
        self.loop = dispatcher.loop
        self._connections = connections
        self._secure = secure
        self.peer = "unknown"
        self.opened = perf_counter()
        self.patience = dispatcher.limits.stalled_timeout
        """Seconds for which the peer may take nothing of what waits for it."""
        self._identity: Identity | None = None

    # --- the caller

    @property
    def tls(self) -> ssl.SSLObject | None:
        """The TLS of the connection, or None for plaintext."""
        tls: ssl.SSLObject | None = self._transport.get_extra_info("ssl_object")
        return tls

    @property
    def identity(self) -> Identity:
        """Who the caller is."""
        if self._identity is None:
            self._identity = identity_of(self._transport)
        return self._identity

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet the caller, unless there are too many of them or it speaks no HTTP/2."""
        self.peer = peer_of(transport)
        super().connection_made(transport)
        self.caller = caller_of(self.identity, self.peer)
        if self._secure and not agreed_on_http2(self.tls):
            reason = "the peer does not offer HTTP/2 by ALPN"
            self.give_up(INADEQUATE_SECURITY, reason)
            self._connections.refused(self.peer, ConnectionRefusal.HANDSHAKE, reason)
        else:
            self._connections.opened(self)

    def connection_ended(self, reason: ConnectionEnd) -> None:
        """Give up the calls of a caller that is gone."""
        for stream in list(self.streams.values()):
            self._forget(stream)
        self._connections.ended(self, reason)

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is closed."""
        super().connection_lost(exc)
        self._connections.lost(self)

    # --- requests

    def headers_received(self, stream_id: int, fields: Fields, end_stream: bool) -> None:  # noqa: FBT001
        """A call begins, or its requests end with trailers, in which gRPC has nothing to say."""
        stream = self.streams[stream_id]
        call: Call | None = stream.call
        if call is not None:
            call.end_of_requests()
            return
        headers = stream.headers
        if headers[b":method"] != b"POST" or headers.get(b"content-type") != _GRPC:
            refusal = _refusal(headers)
            if refusal is not None:
                self.send_headers(stream_id, self.encoder.encode(refusal), end_stream=True)
                return
        if headers.get(b"te") != b"trailers":
            # PROTOCOL-HTTP2.md has it in every request. A proxy that drops it drops trailers too.
            self.reset_stream(stream_id, PROTOCOL_ERROR)
            return
        path = headers[b":path"]
        if self.refusing is not None and self._refuse(self.refusing, stream_id, path):
            return
        method = self.dispatcher.methods.registered(path)
        # Bytes that are no UTF-8 name no method, and end nothing else.
        name = path.decode("utf-8", "backslashreplace") if method is None else method.path
        call = stream.call = Call(self, stream, fields, headers, name)
        call.handler = method
        call.has_bytes = any(name.endswith(BINARY_SUFFIX) for name in headers)
        self.dispatcher.begin_call(call)
        if end_stream:
            call.end_of_requests()

    def _refuse(self, refusal: RefusalFrames, stream_id: int, path: bytes) -> bool:
        """End a call, unless it is exempt."""
        if self.note_exempt(self.dispatcher.is_exempt(path.decode("utf-8", "replace"))):
            return False
        self.refused += 1
        self.send_headers(stream_id, refusal.block(), end_stream=True)
        return True

    def refuse_usual(self, stream_id: int) -> None:
        """Its response is one frame, of known bytes."""
        self.refused += 1
        self.streams_completed += 1
        if self.refusing is not None:
            self.write(self.refusing.frame(stream_id))

    def begin_usual(
        self, stream: Stream, method: Method, headers: dict[bytes, bytes], data: bytes | None
    ) -> None:
        """The headers were checked as those of an earlier request."""
        call = stream.call = Call(self, stream, headers.items(), headers, method.path)
        call.handler = method
        self.dispatcher.begin_call(call)
        if data is not None:
            call.receive(data, last=True)

    def headers_too_large(self, stream_id: int, end_stream: bool) -> None:  # noqa: ARG002, FBT001
        """Refuse a call whose headers nobody has read."""
        stream = self.streams[stream_id]
        if stream.call is not None:
            stream.call.fail(
                grpc.StatusCode.RESOURCE_EXHAUSTED, "the trailers are larger than the limit"
            )
            stream.call.stop_running()
            return
        refusal = [
            *HEAD,
            (b"grpc-status", b"8"),
            (b"grpc-message", b"the headers are larger than the limit"),
        ]
        self.send_headers(stream_id, self.encoder.encode(refusal), end_stream=True)

    def data_received_on(self, stream_id: int, data: bytes, end_stream: bool) -> None:  # noqa: FBT001
        """Bytes of a call's requests."""
        call: Call | None = self.streams[stream_id].call
        if call is not None:
            call.receive(data, last=end_stream)

    def stream_reset(self, stream_id: int, error_code: int) -> None:  # noqa: ARG002
        """The caller has given up a call."""
        call: Call | None = self.streams[stream_id].call
        if call is not None:
            call.give_up("the caller has cancelled the call")

    def stream_failed(self, stream_id: int, fault: StreamFault) -> None:
        """The caller broke a rule of HTTP/2 in a call."""
        call: Call | None = self.streams[stream_id].call
        if call is not None:
            call.give_up(fault.text)

    def stream_writable(self, stream_id: int) -> None:
        """The caller has taken what waited for it."""
        call: Call | None = self.streams[stream_id].call
        if call is not None:
            call.writable()

    def stream_closed(self, stream: Stream) -> None:
        """A call's response has left, or nobody waits for it."""
        call: Call | None = stream.call
        if call is not None:
            # Each has the other, which would be work for the garbage collector.
            stream.call = None
            call.close()
        if self.draining:
            self.close_if_drained()


def _refusal(headers: dict[bytes, bytes]) -> list[Field] | None:
    """What a request that is no gRPC call is answered with (PROTOCOL-HTTP2.md, "Requests")."""
    if headers[b":method"] != b"POST":
        return [(b":status", b"405"), (b"allow", b"POST")]
    content_type = headers.get(b"content-type", b"")
    if content_type != _GRPC and not content_type.startswith((_GRPC + b"+", _GRPC + b";")):
        return [(b":status", b"415")]
    return None
