"""Header blocks of requests: a prepared constant part, and the differences between calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wire.hpack.integer import encode_string

if TYPE_CHECKING:
    from wire.hpack import Encoder
    from wire.protocol.metadata import Field

_TIMEOUT = b"grpc-timeout"
# The names of metadata that the peer's table is asked to keep. Further ones go as literals.
_MAX_KEPT_NAMES = 24
# A string of fewer octets has its length in one (RFC 7541, 5.2).
_SHORT = 127
_LENGTHS = [bytes((length,)) for length in range(_SHORT)]


class RequestHeaders:
    """Encodes the requests of one connection.

    The first call of a method puts the fields common to its calls into the peer's table, and the
    names of its metadata with this call's values. A later call is one prepared prefix, and a
    literal with an indexed name for each value of its own.
    """

    __slots__ = ("_encoder", "_fixed", "_generation", "_kept", "_names", "_prefixes")

    def __init__(self, encoder: Encoder, fixed: list[Field]) -> None:
        """Begins with an empty table.

        Args:
            encoder: the connection's.
            fixed: fields of all requests, pseudo-headers first. `:path` is the method's.
        """
        self._encoder = encoder
        self._fixed = fixed
        self._generation = encoder.generation
        self._prefixes: dict[bytes, bytes] = {}
        self._names: dict[bytes, bytes] = {}
        self._kept: set[bytes] = set()

    def block(self, path: bytes, timeout: bytes | None, metadata: list[Field]) -> bytes:
        """The header block of one call. It must be sent before the next is made."""
        if self._encoder.generation != self._generation:
            return self._unprepared(path, timeout, metadata)
        prefix = self._prefixes.get(path)
        if prefix is None:
            return self._unprepared(path, timeout, metadata)
        block = prefix
        names = self._names
        if timeout is not None:
            name = names.get(_TIMEOUT)
            if name is None:
                return self._unprepared(path, timeout, metadata)
            block += name + _LENGTHS[len(timeout)] + timeout
        for key, value in metadata:
            name = names.get(key)
            if name is None:
                return self._unprepared(path, timeout, metadata)
            length = len(value)
            block += name + (_LENGTHS[length] + value if length < _SHORT else encode_string(value))
        return block

    def _unprepared(self, path: bytes, timeout: bytes | None, metadata: list[Field]) -> bytes:
        """A block of whatever the table does not have yet, and a look at what it has then."""
        encoder = self._encoder
        own = metadata if timeout is None else [(_TIMEOUT, timeout), *metadata]
        # By `remember`, also where there is nothing new: it tells of a table size that has changed.
        parts = [encoder.remember(self._fixed_fields(path))]
        for name, value in own:
            if name in self._kept or len(self._kept) >= _MAX_KEPT_NAMES:
                parts.append(encoder.prepare([(name, value)]))
            else:
                self._kept.add(name)
                parts.append(encoder.remember([(name, value)]))
        self._prepare(path, [name for name, _ in own])
        return b"".join(parts)

    def _prepare(self, path: bytes, names: list[bytes]) -> None:
        encoder = self._encoder
        if encoder.generation != self._generation:
            self._generation = encoder.generation
            self._prefixes.clear()
            self._names.clear()
        self._prefixes[path] = encoder.prepare(self._fixed_fields(path))
        for name in names:
            # Names that a program makes up call by call must not fill the memory.
            if name in self._kept:
                self._names[name] = encoder.prepare_name(name)

    def _fixed_fields(self, path: bytes) -> list[Field]:
        return [*self._fixed[:2], (b":path", path), *self._fixed[2:]]
