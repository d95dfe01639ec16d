"""Header blocks of requests, read by independent decoders."""

from hpack import Decoder
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from wire.channel.request_headers import RequestHeaders
from wire.hpack import Encoder

_FIXED = [
    (b":method", b"POST"),
    (b":scheme", b"http"),
    (b":authority", b"orc2:9001"),
    (b"te", b"trailers"),
    (b"content-type", b"application/grpc"),
]
_NAMES = st.sampled_from([b"x-request-id", b"traceparent", b"authorization", b"a", b"b", b"c"])
_METADATA = st.lists(st.tuples(_NAMES, st.binary(max_size=300)), max_size=5)
_CALLS = st.lists(
    st.tuples(
        st.sampled_from([b"/a.B/C", b"/a.B/D", b"/x.Y/Z"]),
        st.one_of(st.none(), st.binary(min_size=2, max_size=9)),
        _METADATA,
        st.one_of(st.none(), st.sampled_from([0, 100, 1000, 4096, 65536])),
    ),
    max_size=20,
)


@seed(1)
@settings(max_examples=300, deadline=None)
@given(_CALLS)
def test_each_block_has_the_headers_of_its_call(
    calls: list[tuple[bytes, bytes | None, list[tuple[bytes, bytes]], int | None]],
) -> None:
    encoder = Encoder()
    headers = RequestHeaders(encoder, _FIXED)
    decoder = Decoder()
    for path, timeout, metadata, table_size in calls:
        if table_size is not None:
            encoder.resize(table_size)
            decoder.max_allowed_table_size = table_size
        own = metadata if timeout is None else [(b"grpc-timeout", timeout), *metadata]

        block = headers.block(path, timeout, metadata)

        expected = [*_FIXED[:2], (b":path", path), *_FIXED[2:], *own]
        assert [(name, value) for name, value in decoder.decode(block, raw=True)] == expected


def test_a_later_block_is_short() -> None:
    headers = RequestHeaders(Encoder(), _FIXED)
    metadata = [(b"x-request-id", b"0123456789abcdef")]
    first = headers.block(b"/a.B/C", b"1000000u", metadata)
    headers.block(b"/a.B/C", b"1000000u", metadata)

    later = headers.block(b"/a.B/C", b"999999u", metadata)

    assert len(first) > 100
    assert len(later) == 6 + (2 + 1 + 7) + (2 + 1 + 16)


def test_secrets_go_into_no_table() -> None:
    headers = RequestHeaders(Encoder(), _FIXED)
    for _ in range(3):
        block = headers.block(b"/a.B/C", None, [(b"authorization", b"Bearer secret")])
        # A never-indexed literal (RFC 7541, 6.2.3), name 23 of the static table.
        assert b"\x1f\x08\x0dBearer secret" in block


def test_made_up_names_do_not_fill_the_memory() -> None:
    headers = RequestHeaders(Encoder(), _FIXED)
    decoder = Decoder()
    for number in range(500):
        field = (b"name-%d" % number, b"x")
        block = headers.block(b"/a.B/C", None, [field])
        assert list(decoder.decode(block, raw=True))[-1] == field
    assert len(headers.block(b"/a.B/C", None, [])) < 20
