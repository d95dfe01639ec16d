"""Header blocks to fields (RFC 7541, 3.2 and 6)."""

import re
from typing import Final

from wire.hpack.errors import HeaderListTooLarge, HpackError
from wire.hpack.integer import continue_integer, decode_string
from wire.hpack.table import DEFAULT_TABLE_SIZE, ENTRY_OVERHEAD, STATIC_TABLE, Field, entry_size

_FIRST_DYNAMIC: Final = len(STATIC_TABLE) + 1
_RUNS: Final = 64
_LONGEST_RUN: Final = 64

# How a field begins, by its first octet (RFC 7541, 6.1 to 6.3).
_INDEXED_FIELD: Final = 0x80
_WITH_INDEXING: Final = 0x40
_SIZE_UPDATE: Final = 0x20

# All bits of the prefixes of 7, 6, 5 and 4 bits.
_PREFIX_7: Final = 0x7F
_PREFIX_6: Final = 0x3F
_PREFIX_5: Final = 0x1F
_PREFIX_4: Final = 0x0F

# Octets of an indexed field whose index needs no more, by the index.
_RUN_OCTETS: Final = bytes(range(0x80, 0xFF))
_indexed_run = re.compile(rb"[\x81-\xfe]*").match


class Decoder:
    """The decoder of one connection.

    A peer sends repeated fields as a run of indices, the same in each block. A run at the start of
    a block is kept decoded for as long as the table stays as it is.

    Attributes:
        max_list_size: octets of a field list, counted by RFC 9113, 6.5.2.
        table: both tables, in the order of their indices. Index 0 is nobody's.
        generation: another number whenever an index may mean another field than before.
    """

    __slots__ = (
        "_announced",
        "_max_size",
        "_runs",
        "_settled",
        "_size",
        "_update_due",
        "generation",
        "max_list_size",
        "table",
    )

    def __init__(
        self, max_table_size: int = DEFAULT_TABLE_SIZE, max_list_size: int = 16 * 1024
    ) -> None:
        self.max_list_size = max_list_size
        self.table: list[Field] = [(b"", b""), *STATIC_TABLE]
        self.generation = 0
        self._size = 0
        self._max_size = DEFAULT_TABLE_SIZE
        self._announced = max(max_table_size, DEFAULT_TABLE_SIZE)
        self._update_due = False
        self._settled = True
        self._runs: dict[bytes, tuple[list[Field], int]] = {}

    def table_size_acknowledged(self, size: int) -> None:
        """The peer has acknowledged SETTINGS_HEADER_TABLE_SIZE.

        A peer with a larger table begins its next block with an update (RFC 7541, 4.2).
        """
        self._announced = size
        self._update_due = self._max_size > size

    def decode(self, block: bytes) -> list[Field]:
        """The fields of a whole block, in their order.

        Raises:
            HpackError: the block breaks RFC 7541. The decoder is of no use from then on.
            HeaderListTooLarge: the list is larger than `max_list_size`. The decoder is as good as
                before, and no more than the limit was ever held.
        """
        try:
            start = self._update_sizes(block) if self._update_due or b" " <= block[:1] < b"@" else 0
            return self._decode_fields(block, start)
        except IndexError:
            raise HpackError("a header block ends within a field, or names no entry") from None

    def _decode_fields(self, block: bytes, position: int) -> list[Field]:  # noqa: C901, PLR0912, PLR0915
        # One long function: it runs for each block that arrives, and a call costs as much as a
        # field does.
        table = self.table
        length = len(block)
        room = self.max_list_size
        end = _indexed_run(block, position).end()  # type: ignore[union-attr]
        if end > position:
            fields, size = self._run(block[position:end])
            room -= size
            position = end
        else:
            fields = []
        while position < length:
            first = block[position]
            position += 1
            if first >= _INDEXED_FIELD:
                index = first & _PREFIX_7
                if index == _PREFIX_7:
                    index, position = continue_integer(block, position, index)
                elif not index:
                    raise HpackError("index 0 is no field's")
                field = table[index]
                size = len(field[0]) + len(field[1]) + ENTRY_OVERHEAD
            else:
                if first >= _WITH_INDEXING:
                    mask = _PREFIX_6
                elif first < _SIZE_UPDATE:
                    mask = _PREFIX_4
                else:
                    raise HpackError("a table size update stands behind a field")
                index = first & mask
                if index == mask:
                    index, position = continue_integer(block, position, index)
                if index:
                    name = table[index][0]
                else:
                    name, position = decode_string(block, position)
                octet = block[position]
                if octet < _PREFIX_7:
                    # Past the block's end the slice is short, and the position tells.
                    position += octet + 1
                    field = (name, block[position - octet : position])
                else:
                    value, position = decode_string(block, position)
                    field = (name, value)
                size = len(name) + len(field[1]) + ENTRY_OVERHEAD
                if first >= _WITH_INDEXING:
                    self._add(field, size)
            room -= size
            if room >= 0:
                fields.append(field)
            elif first >= _INDEXED_FIELD:
                position = self._skip_run(block, position)
        if position != length:
            raise HpackError("a string is longer than its block")
        if room < 0:
            raise HeaderListTooLarge
        return fields

    def _run(self, run: bytes) -> tuple[list[Field], int]:
        """The fields of a run of indices, as a list of the caller's own, and their size."""
        kept = self._runs.get(run)
        if kept is not None:
            return kept[0].copy(), kept[1]
        self._check_run(run)
        table = self.table
        fields = []
        size = 0
        for octet in run:
            field = table[octet - 0x80]
            size += entry_size(field)
            if size > self.max_list_size:
                return [], size
            fields.append(field)
        if self._settled and len(self._runs) < _RUNS and len(run) <= _LONGEST_RUN:
            self._runs[run] = (fields.copy(), size)
        self._settled = True
        return fields, size

    def _skip_run(self, block: bytes, position: int) -> int:
        end = _indexed_run(block, position).end()  # type: ignore[union-attr]
        self._check_run(block[position:end])
        return end

    def _check_run(self, run: bytes) -> None:
        if run.translate(None, _RUN_OCTETS[: len(self.table)]):
            raise HpackError("an index names no entry")

    def _add(self, field: Field, size: int) -> None:
        # An entry that is larger than the table empties it (RFC 7541, 4.4).
        self.table.insert(_FIRST_DYNAMIC, field)
        self._size += size
        if self._size > self._max_size:
            self._evict()
        self._table_changed()

    def _evict(self) -> None:
        """Drops the oldest entries until the rest fits (RFC 7541, 4.3)."""
        table = self.table
        while self._size > self._max_size:
            self._size -= entry_size(table.pop())

    def _table_changed(self) -> None:
        # A peer that changes the table with each block is not worth keeping runs for.
        self._settled = False
        self.generation += 1
        if self._runs:
            self._runs = {}

    def _update_sizes(self, block: bytes) -> int:
        """Carries out the size updates at the start of a block. Returns the position after them."""
        position = 0
        while block[position : position + 1] and _SIZE_UPDATE <= block[position] < _WITH_INDEXING:
            size = block[position] & _PREFIX_5
            position += 1
            if size == _PREFIX_5:
                size, position = continue_integer(block, position, size)
            if size > self._announced:
                raise HpackError("a table size is larger than what was announced")
            self._max_size = size
            self._update_due = False
            self._evict()
            self._table_changed()
        if self._update_due:
            raise HpackError("the table size was lowered, and the block has no update of it")
        return position
