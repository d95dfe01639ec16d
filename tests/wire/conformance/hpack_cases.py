"""Header blocks (RFC 7541), each on a stream of its own, all with one dynamic table."""

from tests.wire.conformance.case import case
from tests.wire.conformance.frames import COMPRESSION_ERROR, data, headers, request
from tests.wire.conformance.seen import connection_error, response

REQUEST = request()
COMPRESSION = connection_error(COMPRESSION_ERROR)

STATIC_POST = b"\x83"
STATIC_HTTP = b"\x86"
# The request's fields outside the static table, put into the dynamic one.
INDEXED = (
    STATIC_POST
    + STATIC_HTTP
    + b"\x44\x0f/test.Echo/Echo"
    + b"\x41\x09localhost"
    + b"\x40\x02te\x08trailers"
    + b"\x5f\x10application/grpc"
)
FROM_THE_TABLE = STATIC_POST + STATIC_HTTP + b"\xc1\xc0\xbf\xbe"
HUFFMAN_NAME = b"\x00\x85\xf2\xb2\x4a\x84\xff"
"""The literal name "x-test" in the Huffman code, without its value."""

VALID = {
    ("2.3.2", "fields from the dynamic table"): (INDEXED, FROM_THE_TABLE),
    ("2.3.2", "an entry twice"): (INDEXED, INDEXED, FROM_THE_TABLE),
    ("4.2", "an update to the largest size"): (b"\x3f\xe1\x1f" + REQUEST,),
    ("4.2", "two updates"): (INDEXED, b"\x20\x3f\xe1\x1f" + INDEXED, FROM_THE_TABLE),
    ("4.3", "an update to 0 and literals"): (b"\x20" + REQUEST, REQUEST),
    ("4.4", "an entry larger than the table"): (
        b"\x3f\x2d" + REQUEST + b"\x40\x06x-test\x7f\x00" + b"v" * 127,
    ),
    ("5.2", "a value in the Huffman code"): (REQUEST + HUFFMAN_NAME + b"\x83\x49\x50\x9f",),
    ("6.2.2", "a literal whose name is in the table"): (
        STATIC_POST + STATIC_HTTP + b"\x04\x0f/test.Echo/Echo\x01\x09localhost"
        b"\x00\x02te\x08trailers\x0f\x10\x10application/grpc",
    ),
    ("6.2.3", "literals that are never indexed"): (
        STATIC_POST + STATIC_HTTP + b"\x14\x0f/test.Echo/Echo\x11\x09localhost"
        b"\x10\x02te\x08trailers\x1f\x10\x10application/grpc",
    ),
}

INVALID = {
    ("2.3.3", "an index past both tables"): REQUEST + b"\xc6",
    ("2.3.3", "a name's index past both tables"): REQUEST + b"\x7f\x07\x00",
    ("2.3.3", "an index of 2^28"): REQUEST + b"\xff\x80\x80\x80\x80\x01",
    ("4.2", "an update at the end of a block"): REQUEST + b"\x21",
    ("4.2", "an update between two fields"): STATIC_POST + b"\x20" + REQUEST,
    ("5.1", "an integer without an end"): REQUEST + b"\xff\xff\xff",
    ("5.1", "an integer of too many octets"): REQUEST + b"\xff" + b"\xff" * 9 + b"\x01",
    ("5.2", "padding of more than 7 bits"): REQUEST + HUFFMAN_NAME + b"\x84\x49\x50\x9f\xff",
    ("5.2", "padding with zeros"): REQUEST + HUFFMAN_NAME + b"\x83\x49\x50\x90",
    ("5.2", "the EOS symbol"): REQUEST + HUFFMAN_NAME + b"\x87\x49\x51\xff\xff\xff\xfa\x7f",
    ("5.2", "a string longer than the block"): REQUEST + b"\x00\x01a\x10b",
    ("6.1", "index 0"): REQUEST + b"\x80",
    ("6.2.1", "no value"): REQUEST + b"\x40\x01a",
    ("6.3", "an update above SETTINGS_HEADER_TABLE_SIZE"): b"\x3f\xe2\x1f" + REQUEST,
}


def _calls(blocks: tuple[bytes, ...]) -> bytes:
    return b"".join(
        headers(1 + 2 * number, block) + data(1 + 2 * number) for number, block in enumerate(blocks)
    )


CASES = [
    *(
        case(f"HPACK {section}", name, _calls(blocks), expected=response(2 * len(blocks) - 1))
        for (section, name), blocks in VALID.items()
    ),
    *(
        case(f"HPACK {section}", name, headers(1, block, end=True), expected=COMPRESSION)
        for (section, name), block in INVALID.items()
    ),
]
