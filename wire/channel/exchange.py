"""The callbacks of a channel's connection for each stream opened on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from wire.http2.fields import Fields


class Exchange(Protocol):
    """A request on its way and the response to it. Each method is called while bytes are read."""

    @property
    def lasts(self) -> bool:
        """Whether the stream has many messages, or waits for them."""

    def head_received(self, fields: Fields) -> None:
        """The response begins, by headers."""

    def data_received(self, data: bytes) -> None:
        """A part of the response's messages has arrived."""

    def trailers_received(self, fields: Fields) -> None:
        """The response ends. Where there was no head, these are headers and trailers in one."""

    def response_received(self, head: Fields, data: bytes, trailers: Fields) -> None:
        """Head, data and trailers have arrived, as a whole."""

    def ended_without_trailers(self) -> None:
        """The response ends with its data, against gRPC's protocol."""

    def writable(self) -> None:
        """The stream takes data again after it was full."""

    def refused(self, cause: str) -> None:
        """The server has not processed the request."""

    def reset(self, error_code: int) -> None:
        """The server has reset the stream."""

    def unreadable(self, cause: str) -> None:
        """The server has broken HTTP/2 on this stream. A reset is on its way."""

    def disconnected(self, cause: str, *, unsent: bool) -> None:
        """The connection is lost, `unsent` before any of the request was written to it."""


def in_pieces(exchange: Exchange, head: Fields, data: bytes, trailers: Fields) -> None:
    """Pass on a whole response as if it had arrived in pieces."""
    exchange.head_received(head)
    exchange.data_received(data)
    exchange.trailers_received(trailers)
