"""Fields to header blocks (RFC 7541, 2 and 6)."""

from collections.abc import Iterable
from typing import Final

from wire.hpack.integer import encode_integer, encode_string
from wire.hpack.table import DEFAULT_TABLE_SIZE, STATIC_TABLE, Field, entry_size

NEVER_INDEXED: Final = frozenset((b"authorization", b"cookie", b"proxy-authorization"))
"""Names of secrets: no table of a hop may keep them (RFC 7541, 7.1.3)."""

_STATIC_FIELDS: Final = {field: index for index, field in reversed([*enumerate(STATIC_TABLE, 1)])}
_STATIC_NAMES: Final = {field[0]: index for index, field in reversed([*enumerate(STATIC_TABLE, 1)])}
_INDEXED: Final = 0x80
_WITH_INDEXING: Final = 0x40
_SIZE_UPDATE: Final = 0x20
_NEVER: Final = 0x10


def indexed(index: int) -> bytes:
    """A field held by a table (RFC 7541, 6.1)."""
    return encode_integer(index, 7, _INDEXED)


def literal(name: bytes, value: bytes, *, never_indexed: bool = False) -> bytes:
    """A field added to no table (RFC 7541, 6.2.2 and 6.2.3)."""
    pattern = _NEVER if never_indexed else 0
    return bytes((pattern,)) + encode_string(name) + encode_string(value)


def literal_indexed_name(index: int, value: bytes, *, never_indexed: bool = False) -> bytes:
    """A field added to no table, with its name from one (RFC 7541, 6.2.2 and 6.2.3)."""
    return encode_integer(index, 4, _NEVER if never_indexed else 0) + encode_string(value)


def with_indexing(name: bytes | int, value: bytes) -> bytes:
    """A field added to the peer's table. An `int` is its name's index (RFC 7541, 6.2.1)."""
    if isinstance(name, int):
        return encode_integer(name, 6, _WITH_INDEXING) + encode_string(value)
    return bytes((_WITH_INDEXING,)) + encode_string(name) + encode_string(value)


class Encoder:
    """The encoder of one connection.

    `remember` fills the peer's table and evicts nothing, so a sent field keeps its index until
    something new is remembered. This allows prepared blocks: `prepare` once, and again when
    `generation` has changed.

    Attributes:
        generation: changes with the table. Blocks prepared before are of no use then.
    """

    __slots__ = ("_first", "_indices", "_max_size", "_names", "_size", "_updates", "generation")

    def __init__(self) -> None:
        self.generation = 0
        self._max_size = DEFAULT_TABLE_SIZE
        self._updates: list[int] = []
        self._clear()

    def _clear(self) -> None:
        self._size = 0
        self._first = 0
        # Where a field or name was put: the how-manieth entry it was.
        self._indices: dict[Field, int] = {}
        self._names: dict[bytes, int] = {}

    def resize(self, size: int) -> None:
        """Obeys the peer's SETTINGS_HEADER_TABLE_SIZE (RFC 7541, 4.2).

        The next block begins with the size update. After it the fields are remembered anew. The
        peer drops its oldest entries, so none of the new ones.
        """
        size = min(size, DEFAULT_TABLE_SIZE)
        if size == self._max_size:
            return
        self.generation += 1
        self._clear()
        # Only the smallest and the last size matter.
        self._updates = [*{min([*self._updates, size]): None, size: None}]
        self._max_size = size

    def encode(self, fields: Iterable[Field]) -> bytes:
        """A block of the fields. It changes no table."""
        return self._take_updates() + self.prepare(fields)

    def remember(self, fields: Iterable[Field]) -> bytes:
        """A block of recurring fields. The table takes as many as it has room for."""
        block = [self._take_updates()]
        for name, value in fields:
            block.append(self._remembered(name, value))
        return b"".join(block)

    def prepare(self, fields: Iterable[Field]) -> bytes:
        """Fields as part of later blocks, for as long as `generation` stays the same.

        A block of prepared parts alone is sound only after an `encode` or `remember` of this
        generation. These tell the peer the table's size.
        """
        return b"".join([self._encoded(name, value) for name, value in fields])

    def prepare_name(self, name: bytes) -> bytes:
        """A literal's name as part of later blocks. `encode_string` of the value follows it."""
        index = self._name_index(name)
        pattern = _NEVER if name in NEVER_INDEXED else 0
        if index:
            return encode_integer(index, 4, pattern)
        return bytes((pattern,)) + encode_string(name)

    def _encoded(self, name: bytes, value: bytes) -> bytes:
        index = self._index((name, value))
        if index:
            return indexed(index)
        return self.prepare_name(name) + encode_string(value)

    def _remembered(self, name: bytes, value: bytes) -> bytes:
        field = (name, value)
        size = entry_size(field)
        if self._index(field) or name in NEVER_INDEXED or self._size + size > self._max_size:
            return self._encoded(name, value)
        index = self._name_index(name)
        self._size += size
        self._first += 1
        self._indices[field] = self._names[name] = self._first
        self.generation += 1
        return with_indexing(index or name, value)

    def _index(self, field: Field) -> int:
        index = _STATIC_FIELDS.get(field, 0)
        if not index and field in self._indices:
            index = self._dynamic(self._indices[field])
        return index

    def _name_index(self, name: bytes) -> int:
        index = _STATIC_NAMES.get(name, 0)
        if not index and name in self._names:
            index = self._dynamic(self._names[name])
        return index

    def _dynamic(self, number: int) -> int:
        return len(STATIC_TABLE) + 1 + self._first - number

    def _take_updates(self) -> bytes:
        updates, self._updates = self._updates, []
        return b"".join([encode_integer(size, 5, _SIZE_UPDATE) for size in updates])
