"""The status of refused calls. It is the same for all, so it is encoded once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from struct import Struct
from typing import TYPE_CHECKING

import grpc

from wire.http2.frames import END_HEADERS, END_STREAM, HEADERS, pack_header
from wire.protocol.metadata import encode_metadata
from wire.protocol.status import encode_message, status_number

if TYPE_CHECKING:
    from collections.abc import Callable

    from wire.hpack import Encoder
    from wire.protocol.metadata import Field


@dataclass(frozen=True)
class Refusal:
    """A status, and the metadata that goes with it."""

    details: str
    code: grpc.StatusCode = grpc.StatusCode.RESOURCE_EXHAUSTED
    trailers: tuple[tuple[str, str | bytes], ...] = ()

    @cached_property
    def fields(self) -> list[Field]:
        """The fields of a response that is this status alone."""
        return [
            (b":status", b"200"),
            (b"content-type", b"application/grpc"),
            (b"grpc-status", b"%d" % status_number(self.code)),
            (b"grpc-message", encode_message(self.details)),
            *encode_metadata(self.trailers),
        ]


class RefusalFrames:
    """The refusal's one frame, for the streams of one connection."""

    def __init__(self, refusal: Refusal, encoder: Encoder) -> None:
        self._fields = refusal.fields
        self._encoder = encoder
        self._generation = -1
        self._pack: Callable[..., bytes]
        self._start = self._block = b""

    def frame(self, stream_id: int) -> bytes:
        """The frame that ends a stream."""
        if self._generation != self._encoder.generation:
            return self._remember(stream_id)
        return self._pack(self._start, stream_id, self._block)

    def block(self) -> bytes:
        """The header block alone."""
        return self._encoder.encode(self._fields)

    def _remember(self, stream_id: int) -> bytes:
        """The first frame puts the fields into the caller's table."""
        first = self._encoder.remember(self._fields)
        self._block = self._encoder.prepare(self._fields)
        self._generation = self._encoder.generation
        length = len(self._block)
        self._start = pack_header(0, length, HEADERS, END_HEADERS | END_STREAM, 0)[:5]
        self._pack = Struct(f">5sI{length}s").pack
        start = pack_header(0, len(first), HEADERS, END_HEADERS | END_STREAM, 0)[:5]
        return start + stream_id.to_bytes(4, "big") + first
