"""The context of a call: grpc.aio's `ServicerContext`, and more for a runtime.

The methods do what grpc.aio documents. The differences: an exception's text never reaches a caller,
and metadata with invalid base64 ends the call with INTERNAL.
"""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Any, NoReturn

import grpc

from wire.errors import MetadataError
from wire.protocol.compression import IDENTITY, encoding_of, is_accepted
from wire.protocol.metadata import Field, Metadatum, Value, decode_metadata, encode_metadata
from wire.protocol.status import status_meant, text_meant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from wire.server.connection import ServerConnection

    Metadata = Iterable[tuple[str, Value]]

_new = tuple.__new__


class Context:
    """A call as its servicer sees it.

    Attributes:
        method: the full path, as in `/user.Orchestrator1Service/GetUserByName`.
        started: when the headers arrived, on the clock of `time.perf_counter`.
        has_bytes: whether there may be metadata of bytes, named in `-bin`. `invocation_metadata`
            finds what cannot be decoded of it, and ends the call.
        deadline: when the call is over, on the same clock, or None for never.
        attachment: the runtime's own.
    """

    # Defaults of the class make a call cheap: an instance sets what differs.
    attachment: Any = None
    has_bytes = False
    deadline: float | None = None
    ended = False
    """The status is decided."""
    _code: grpc.StatusCode | None = None
    _details: str | None = None
    _trailing: Metadata = ()
    _metadata: tuple[Metadatum, ...] | None = None
    _initial_sent = False
    _encoding: bytes | None = None
    _compress_next = True
    _was_cancelled = False
    _is_unusual = False
    """The response is more than a message and OK."""
    _callbacks: list[Callable[[Any], None]] | None = None

    method: str
    started: float
    connection: ServerConnection
    headers: dict[bytes, bytes]
    fields: Iterable[Field]

    # --- the request

    def invocation_metadata(self) -> tuple[Metadatum, ...]:
        """The caller's metadata: text, or bytes for names in `-bin`."""
        metadata = self._metadata
        if metadata is None:
            try:
                # Measured: half of the time of Metadatum(name, value).
                metadata = tuple([_new(Metadatum, pair) for pair in decode_metadata(self.fields)])
            except MetadataError as error:
                metadata = ()
                self._metadata = metadata
                self.fail(grpc.StatusCode.INTERNAL, str(error))
            self._metadata = metadata
        return metadata

    def time_remaining(self) -> float | None:
        """Seconds until the deadline, 0 when it is over, None without one."""
        if self.deadline is None:
            return None
        return max(0.0, self.deadline - perf_counter())

    def peer(self) -> str:
        """The caller's address, as in `ipv4:127.0.0.1:5000`, `ipv6:[::1]:5000` or `unix:`."""
        return self.connection.peer

    def auth_context(self) -> Mapping[str, Iterable[bytes]]:
        """The caller's identity by TLS. Empty without TLS."""
        return self.connection.identity.auth_context

    def peer_identity_key(self) -> str | None:
        """The entry of `auth_context` with the caller's identity, or None for nobody."""
        return self.connection.identity.key

    def peer_identities(self) -> Iterable[bytes] | None:
        """The caller's names in its certificate, or None without one."""
        identity = self.connection.identity
        return None if identity.key is None else identity.auth_context[identity.key]

    # --- the status

    def set_code(self, code: grpc.StatusCode) -> None:
        """Set the call's status, also by its number. Whatever is no status is UNKNOWN."""
        self._code = status_meant(code)
        self._is_unusual = True

    def code(self) -> grpc.StatusCode | None:
        """The status set or decided."""
        return self._code

    def set_details(self, details: str) -> None:
        """Set the status's text."""
        self._details = text_meant(details)
        self._is_unusual = True

    def details(self) -> str | None:
        """The text set or decided."""
        return self._details

    def set_trailing_metadata(self, trailing_metadata: Metadata) -> None:
        """Set the metadata beside the status. What cannot be sent is logged and left out."""
        self._trailing = trailing_metadata
        self._is_unusual = True

    def trailing_metadata(self) -> Metadata:
        """The trailing metadata set so far."""
        return self._trailing

    async def abort(
        self, code: grpc.StatusCode, details: str = "", trailing_metadata: Metadata = ()
    ) -> NoReturn:
        """End the call with a status. OK is taken for UNKNOWN.

        Raises:
          grpc.aio.AbortError: always. The servicer lets it pass.
        """
        self.end_by_abort(code, details, trailing_metadata)

    async def abort_with_status(self, status: grpc.Status) -> NoReturn:
        """End the call with a status object, as of grpc_status.rpc_status."""
        self.end_by_abort(status.code, status.details, status.trailing_metadata or ())

    def end_by_abort(
        self, code: grpc.StatusCode, details: str, trailing_metadata: Metadata
    ) -> NoReturn:
        """Same as `abort`, for code outside coroutines."""
        if trailing_metadata:
            self._trailing = trailing_metadata
        code = status_meant(code)
        if code is grpc.StatusCode.OK:
            code = grpc.StatusCode.UNKNOWN
        self.fail(code, text_meant(details))
        raise grpc.aio.AbortError("the call was aborted")

    # --- the response

    async def send_initial_metadata(self, initial_metadata: Metadata) -> None:
        """Send the response's headers at once, with metadata. Allowed once, before a message."""
        if self._initial_sent:
            raise grpc.aio.UsageError("the initial metadata has been sent")
        if not self.ended:
            self.send_head(encode_metadata(initial_metadata))

    def set_compression(self, compression: grpc.Compression) -> None:
        """Set the responses' compression, if the caller takes it. Call it before the first one."""
        if self._initial_sent:
            raise RuntimeError("compression is set before the initial metadata is sent")
        self._encoding = encoding_of(compression)
        self._is_unusual = True

    def disable_next_message_compression(self) -> None:
        """Leave the next message as it is."""
        self._compress_next = False

    def response_encoding(self) -> bytes:
        """The encoding of the responses: the requested one, if the caller accepts it."""
        encoding = self._encoding
        if encoding is None:
            encoding = self.connection.dispatcher.encoding
        if encoding == IDENTITY:
            return encoding
        accepted = self.headers.get(b"grpc-accept-encoding")
        return encoding if is_accepted(encoding, accepted) else IDENTITY

    # --- the end

    def add_done_callback(self, callback: Callable[[Any], None]) -> None:
        """Call back with this context when the call has ended."""
        if self.ended:
            callback(self)
            return
        if self._callbacks is None:
            self._callbacks = []
        self._callbacks.append(callback)

    def cancelled(self) -> bool:
        """Whether the caller gave the call up, or its deadline did."""
        return self._was_cancelled

    def done(self) -> bool:
        """Whether the call has ended."""
        return self.ended

    # --- what the transport's part does

    def fail(self, code: grpc.StatusCode, details: str) -> None:
        """End the call with a status, without a message."""
        raise NotImplementedError

    def stop_running(self) -> None:
        """Cancel the servicer."""
        raise NotImplementedError

    def send_head(self, fields: list[Field]) -> None:
        """Send the headers of the response."""
        raise NotImplementedError


grpc.aio.ServicerContext.register(Context)
