"""`Encoder` against the hpack package and this project's own decoder."""

import hpack
from hypothesis import given, settings
from hypothesis import strategies as st

from wire.hpack import Decoder, Encoder, Field, encode_string, indexed

bounded = settings(derandomize=True, database=None, deadline=None, max_examples=200)
names = st.sampled_from([b"a", b"content-type", b":path", b"authorization", b"y" * 40])
values = st.sampled_from([b"", b"1", b"/", b"application/grpc", b"z" * 200, b"w" * 5000])
field_lists = st.lists(st.tuples(names, values), max_size=8)

REQUEST: list[Field] = [
    (b":method", b"POST"),
    (b":path", b"/user.Orchestrator2Service/GetUser"),
    (b"te", b"trailers"),
    (b"content-type", b"application/grpc"),
]


class Oracle:
    """The hpack package's decoder as a peer."""

    def __init__(self) -> None:
        self._decoder = hpack.Decoder(max_header_list_size=1 << 20)

    def decode(self, block: bytes) -> list[Field]:
        return [
            (bytes(name), bytes(value)) for name, value in self._decoder.decode(block, raw=True)
        ]


@bounded
@given(
    st.lists(
        st.one_of(
            st.tuples(st.booleans(), field_lists),
            st.integers(min_value=0, max_value=10_000),
        ),
        max_size=20,
    )
)
def test_peers_read_what_is_encoded(steps: list[tuple[bool, list[Field]] | int]) -> None:
    encoder, oracle, decoder = Encoder(), Oracle(), Decoder(max_list_size=1 << 20)
    for step in steps:
        if isinstance(step, int):
            encoder.resize(step)
            decoder.table_size_acknowledged(step)
            continue
        remember, fields = step
        block = encoder.remember(fields) if remember else encoder.encode(fields)
        assert oracle.decode(block) == fields
        assert decoder.decode(block) == fields


def test_remembered_fields_are_one_octet_each() -> None:
    encoder = Encoder()
    encoder.remember(REQUEST)
    assert len(encoder.encode(REQUEST)) == len(REQUEST)


def test_generation_changes_only_with_the_table() -> None:
    encoder = Encoder()
    before = encoder.generation
    encoder.remember(REQUEST)
    after = encoder.generation
    assert after != before
    encoder.remember(REQUEST)
    encoder.encode([(b"x", b"1")])
    assert encoder.generation == after


def test_prepared_parts_stay_good_within_a_generation() -> None:
    encoder, decoder = Encoder(), Decoder()
    decoder.decode(encoder.remember([*REQUEST, (b"x-request-id", b"1")]))
    prepared = encoder.prepare(REQUEST)
    name = encoder.prepare_name(b"x-request-id")
    decoder.decode(encoder.remember(REQUEST))
    fields = decoder.decode(prepared + name + encode_string(b"2"))
    assert fields == [*REQUEST, (b"x-request-id", b"2")]


def test_full_table_is_left_as_it_is() -> None:
    encoder, decoder = Encoder(), Decoder(max_list_size=1 << 20)
    decoder.decode(encoder.remember(REQUEST))
    prepared = encoder.prepare(REQUEST)
    for number in range(200):
        decoder.decode(encoder.remember([(b"x-%d" % number, b"v" * 60)]))
    generation = encoder.generation
    decoder.decode(encoder.remember([(b"one-more", b"v" * 60)]))
    assert encoder.generation == generation
    assert prepared != encoder.prepare(REQUEST)
    assert decoder.decode(encoder.prepare(REQUEST)) == REQUEST


def test_table_of_size_0_takes_nothing() -> None:
    encoder, oracle = Encoder(), Oracle()
    encoder.resize(0)
    for _ in range(2):
        assert oracle.decode(encoder.remember(REQUEST)) == REQUEST
    assert len(oracle._decoder.header_table.dynamic_entries) == 0  # noqa: SLF001


def test_smaller_size_starts_the_next_block_once() -> None:
    encoder = Encoder()
    encoder.resize(0)
    assert encoder.encode([(b":method", b"POST")]) == b"\x20" + indexed(3)
    assert encoder.encode([(b":method", b"POST")]) == indexed(3)


def test_sizes_between_two_blocks_are_sent_smallest_first() -> None:
    encoder = Encoder()
    encoder.resize(10)
    encoder.resize(0)
    encoder.resize(20)
    assert encoder.encode([]) == b"\x20\x34"


def test_larger_size_than_the_default_changes_nothing() -> None:
    encoder = Encoder()
    encoder.resize(65_536)
    assert encoder.encode([]) == b""


def test_secrets_are_never_indexed() -> None:
    encoder = Encoder()
    block = encoder.remember([(b"authorization", b"Bearer secret")])
    assert block[0] & 0xF0 == 0x10
    assert block == encoder.encode([(b"authorization", b"Bearer secret")])
