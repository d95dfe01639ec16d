"""`Decoder` against RFC 7541, its Appendix C, and the hpack package as an oracle."""

import hpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.wire.hpack import rfc7541
from wire.hpack import (
    Decoder,
    Field,
    HeaderListTooLarge,
    HpackError,
    encode_integer,
    encode_string,
    indexed,
    literal,
    literal_indexed_name,
    with_indexing,
)

bounded = settings(derandomize=True, database=None, deadline=None, max_examples=200)
texts = st.binary(max_size=80)
field_lists = st.lists(st.tuples(texts, texts), max_size=20)

METHOD_POST = indexed(3)
NEWEST = 62


def size_update(size: int) -> bytes:
    return encode_integer(size, 5, 0x20)


@pytest.mark.parametrize("section", rfc7541.SINGLE_FIELDS)
def test_single_fields_of_the_rfc(section: str) -> None:
    block = rfc7541.SINGLE_FIELDS[section]
    assert Decoder().decode(bytes.fromhex(block.octets)) == block.fields


@pytest.mark.parametrize("section", rfc7541.SEQUENCES)
def test_sequences_of_the_rfc(section: str) -> None:
    decoder = Decoder()
    if "responses" in section:
        decoder.decode(size_update(256))
    for block in rfc7541.SEQUENCES[section]:
        assert decoder.decode(bytes.fromhex(block.octets)) == block.fields


@bounded
@given(st.lists(st.tuples(field_lists, st.booleans()), max_size=6))
def test_blocks_of_the_hpack_package(blocks: list[tuple[list[Field], bool]]) -> None:
    encoder, decoder = hpack.Encoder(), Decoder()
    for fields, huffman in blocks:
        assert decoder.decode(encoder.encode(fields, huffman=huffman)) == fields


names = st.sampled_from([b"a", b"content-type", b"x-request-id", b"y" * 40])
values = st.sampled_from([b"", b"1", b"application/grpc", b"z" * 60])


@bounded
@given(
    st.lists(
        st.one_of(
            st.lists(st.tuples(names, values), max_size=8),
            st.integers(min_value=0, max_value=4096),
        ),
        max_size=12,
    )
)
def test_same_table_as_the_hpack_package(steps: list[list[Field] | int]) -> None:
    encoder, decoder = hpack.Encoder(), Decoder()
    for step in steps:
        if isinstance(step, int):
            # The oracle forgets a size set twice.
            if step != encoder.header_table_size:
                encoder.header_table_size = step
        else:
            assert decoder.decode(encoder.encode(step)) == step


@bounded
@given(st.binary(max_size=60))
def test_any_octets_end_as_the_hpack_package_ends(block: bytes) -> None:
    expected: list[Field] | None
    oracle = hpack.Decoder()
    try:
        expected = [(bytes(name), bytes(value)) for name, value in oracle.decode(block, raw=True)]
    except hpack.HPACKError:
        expected = None
    try:
        fields = Decoder().decode(block)
    except HpackError:
        # The oracle accepts integers of any length. They mean nothing here.
        assert expected is None or b"\x80\x80\x80" in block or b"\xff" in block
    else:
        assert fields == expected


def test_repeated_run_is_a_new_list_each_time() -> None:
    decoder = Decoder()
    block = indexed(2) + indexed(4)
    for _ in range(2):
        decoder.decode(block).clear()
    assert decoder.decode(block) == [(b":method", b"GET"), (b":path", b"/")]


def test_run_is_decoded_anew_when_the_table_changes() -> None:
    decoder = Decoder()
    decoder.decode(with_indexing(b"a", b"1"))
    assert decoder.decode(indexed(NEWEST)) == [(b"a", b"1")]
    assert decoder.decode(indexed(NEWEST)) == [(b"a", b"1")]
    decoder.decode(with_indexing(b"a", b"2"))
    assert decoder.decode(indexed(NEWEST)) == [(b"a", b"2")]


def test_never_indexed_literal_enters_no_table() -> None:
    decoder = Decoder()
    decoder.decode(literal(b"authorization", b"secret", never_indexed=True))
    with pytest.raises(HpackError):
        decoder.decode(indexed(NEWEST))


def test_literal_without_indexing_enters_no_table() -> None:
    decoder = Decoder()
    decoder.decode(literal_indexed_name(31, b"application/grpc"))
    with pytest.raises(HpackError):
        decoder.decode(indexed(NEWEST))


def test_entry_larger_than_the_table_empties_it() -> None:
    decoder = Decoder()
    decoder.decode(with_indexing(b"a", b"1"))
    decoder.decode(with_indexing(b"b", b"x" * 4096))
    with pytest.raises(HpackError):
        decoder.decode(indexed(NEWEST))
    decoder.decode(with_indexing(b"c", b"3"))
    assert decoder.decode(indexed(NEWEST)) == [(b"c", b"3")]


def test_entry_may_take_its_name_from_what_it_evicts() -> None:
    decoder = Decoder()
    name = b"n" * 2000
    decoder.decode(with_indexing(name, b"x" * 2000))
    assert decoder.decode(with_indexing(NEWEST, b"y" * 2000)) == [(name, b"y" * 2000)]
    assert decoder.decode(indexed(NEWEST)) == [(name, b"y" * 2000)]


MALFORMED = {
    "2.3.3 index 0": indexed(0),
    "2.3.3 index past both tables": indexed(NEWEST),
    "2.3.3 index past both tables after a field": literal(b"a", b"b") + indexed(NEWEST),
    "2.3.3 index of two octets past both tables": indexed(300),
    "2.3.3 name index past both tables": literal_indexed_name(NEWEST, b""),
    "2.3.3 index past both tables in a long run": indexed(2) * 4000 + indexed(NEWEST),
    "4.2 table size above what was announced": size_update(4097),
    "4.2 update behind a field": METHOD_POST + size_update(0),
    "4.2 update behind a literal": literal(b"a", b"b") + size_update(0),
    "5.1 no octet after a full prefix": b"\xff",
    "5.1 integer without an end": b"\xff\xff",
    "5.1 integer of too many octets": b"\xff" + b"\x80" * 5 + b"\x01",
    "5.1 value beyond any index": b"\xff\xff\xff\xff\xff\x7f",
    "5.1 update of too many octets": b"\x3f" + b"\xff" * 6,
    "5.1 update of too many octets, most of them 0": b"\x3f" + b"\x80" * 5 + b"\x00",
    "5.2 no length": b"\x00",
    "5.2 name longer than the block": b"\x00\x05ab",
    "5.2 value missing": b"\x00\x01a",
    "5.2 value longer than the block": b"\x00\x01a\x05b",
    "5.2 long value longer than the block": b"\x00\x01a\x7f\x80\x01b",
    "5.2 indexed literal longer than the block": b"\x40\x01a\x02b",
    "5.2 padding of eight bits": b"\x00\x85\xf2\xb2\x4a\x84\xff\x84\x49\x50\x9f\xff",
    "5.2 padding of eight bits, the value's": b"\x00\x01a\x82\x1f\xff",
    "5.2 padding with zeros": b"\x00\x01a\x81\x18",
    "5.2 padding whose last bit is 0": b"\x00\x01a\x81\x1e",
    "5.2 EOS": b"\x00\x01a\x84\xff\xff\xff\xff",
    "5.2 EOS after a symbol": b"\x00\x01a\x85\x1f\xff\xff\xff\xff",
}


@pytest.mark.parametrize("case", MALFORMED)
def test_malformed_block_is_refused(case: str) -> None:
    with pytest.raises(HpackError):
        Decoder().decode(MALFORMED[case])


@bounded
@given(field_lists.filter(bool), st.data())
def test_truncated_block_gives_no_more_than_a_prefix(
    fields: list[Field], data: st.DataObject
) -> None:
    block = hpack.Encoder().encode(fields)
    cut = block[: data.draw(st.integers(min_value=0, max_value=len(block) - 1))]
    try:
        prefix = Decoder().decode(cut)
    except HpackError:
        return
    assert prefix == fields[: len(prefix)]


def test_two_updates_may_start_a_block() -> None:
    decoder = Decoder()
    decoder.decode(with_indexing(b"a", b"1"))
    decoder.decode(size_update(0) + size_update(4096) + METHOD_POST)
    with pytest.raises(HpackError):
        decoder.decode(indexed(NEWEST))


def test_update_to_the_announced_size_is_taken() -> None:
    assert Decoder(max_table_size=8192).decode(size_update(8192)) == []


def test_lowered_size_needs_an_update_in_the_next_block() -> None:
    decoder = Decoder(max_table_size=0)
    decoder.decode(with_indexing(b"a", b"1"))
    decoder.table_size_acknowledged(0)
    with pytest.raises(HpackError):
        decoder.decode(METHOD_POST)


def test_lowered_size_is_held_after_its_update() -> None:
    decoder = Decoder(max_table_size=0)
    decoder.table_size_acknowledged(0)
    assert decoder.decode(size_update(0) + METHOD_POST) == [(b":method", b"POST")]
    assert decoder.decode(METHOD_POST) == [(b":method", b"POST")]
    with pytest.raises(HpackError):
        decoder.decode(size_update(1))


def list_size(fields: list[Field]) -> int:
    return sum(len(name) + len(value) + 32 for name, value in fields)


@bounded
@given(field_lists, st.integers(min_value=0, max_value=600))
def test_list_is_refused_exactly_past_its_limit(fields: list[Field], limit: int) -> None:
    decoder = Decoder(max_list_size=limit)
    encoder = hpack.Encoder()
    block = encoder.encode(fields)
    if list_size(fields) > limit:
        with pytest.raises(HeaderListTooLarge):
            decoder.decode(block)
    else:
        assert decoder.decode(block) == fields
    decoder.max_list_size = 1 << 20
    assert decoder.decode(encoder.encode(fields)) == fields


def test_table_is_as_the_peer_thinks_after_a_refused_list() -> None:
    decoder = Decoder(max_list_size=100)
    with pytest.raises(HeaderListTooLarge):
        decoder.decode(literal(b"a", b"x" * 200) + with_indexing(b"b", b"2"))
    assert decoder.decode(indexed(NEWEST)) == [(b"b", b"2")]


@pytest.mark.parametrize("start", [b"", literal(b"a", b"1")], ids=["run", "behind a field"])
def test_references_past_the_limit_still_need_entries(start: bytes) -> None:
    decoder = Decoder(max_list_size=1000)
    decoder.decode(with_indexing(b"a", b"x" * 500))
    with pytest.raises(HpackError):
        decoder.decode(start + indexed(NEWEST) * 100 + indexed(NEWEST + 1))


@pytest.mark.parametrize("start", [b"", literal(b"a", b"1")], ids=["run", "behind a field"])
def test_bomb_of_references_builds_no_list(start: bytes) -> None:
    class Counted(bytes):
        lengths = 0

        def __len__(self) -> int:
            Counted.lengths += 1
            return super().__len__()

    decoder = Decoder(max_list_size=16 * 1024)
    decoder.decode(with_indexing(b"a", b"x" * 4000))
    decoder.table[NEWEST] = (b"a", Counted(b"x" * 4000))
    with pytest.raises(HeaderListTooLarge):
        decoder.decode(start + indexed(NEWEST) * 15_000)
    assert Counted.lengths < 10


def test_long_strings_are_read() -> None:
    value = b"v" * 100_000
    decoder = Decoder(max_list_size=1 << 20)
    assert decoder.decode(literal(value, value)) == [(value, value)]
    assert decoder.decode(b"\x0f\x10" + encode_string(value)) == [(b"content-type", value)]
