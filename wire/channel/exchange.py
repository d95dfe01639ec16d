"""What a connection of a channel tells whoever has opened a stream on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from wire.http2.fields import Fields


class Exchange(Protocol):
    """A request on its way and the answer to it; each method is called while bytes are read."""

    def headers_received(self, fields: Fields, *, end: bool) -> None:
        """The answer begins, or, by trailers, ends."""

    def data_received(self, data: bytes, *, end: bool) -> None:
        """A part of the answer's messages has arrived."""

    def writable(self) -> None:
        """The stream takes data again after it was full."""

    def refused(self, cause: str) -> None:
        """The server says that it has not looked at the request."""

    def reset(self, error_code: int) -> None:
        """The server has reset the stream."""

    def unreadable(self, cause: str) -> None:
        """The server has broken HTTP/2 on this stream, which is being reset."""

    def disconnected(self, cause: str, *, unsent: bool) -> None:
        """The connection is lost, `unsent` before any of the request was written to it."""
