"""The examples of RFC 7541, Appendix C."""

from typing import NamedTuple

Fields = list[tuple[bytes, bytes]]


class Block(NamedTuple):
    """A block of the appendix, and its meaning."""

    octets: str
    fields: Fields


REQUEST_1: Fields = [
    (b":method", b"GET"),
    (b":scheme", b"http"),
    (b":path", b"/"),
    (b":authority", b"www.example.com"),
]
REQUEST_2: Fields = [*REQUEST_1, (b"cache-control", b"no-cache")]
REQUEST_3: Fields = [
    (b":method", b"GET"),
    (b":scheme", b"https"),
    (b":path", b"/index.html"),
    (b":authority", b"www.example.com"),
    (b"custom-key", b"custom-value"),
]
_REST_OF_1: Fields = [
    (b"cache-control", b"private"),
    (b"date", b"Mon, 21 Oct 2013 20:13:21 GMT"),
    (b"location", b"https://www.example.com"),
]
RESPONSE_1: Fields = [(b":status", b"302"), *_REST_OF_1]
RESPONSE_2: Fields = [(b":status", b"307"), *_REST_OF_1]
RESPONSE_3: Fields = [
    (b":status", b"200"),
    (b"cache-control", b"private"),
    (b"date", b"Mon, 21 Oct 2013 20:13:22 GMT"),
    (b"location", b"https://www.example.com"),
    (b"content-encoding", b"gzip"),
    (b"set-cookie", b"foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1"),
]

SINGLE_FIELDS = {
    "C.2.1": Block(
        "400a637573746f6d2d6b65790d637573746f6d2d686561646572", [(b"custom-key", b"custom-header")]
    ),
    "C.2.2": Block("040c2f73616d706c652f70617468", [(b":path", b"/sample/path")]),
    "C.2.3": Block("100870617373776f726406736563726574", [(b"password", b"secret")]),
    "C.2.4": Block("82", [(b":method", b"GET")]),
}

SEQUENCES = {
    "C.3 requests without Huffman": [
        Block("828684410f7777772e6578616d706c652e636f6d", REQUEST_1),
        Block("828684be58086e6f2d6361636865", REQUEST_2),
        Block("828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565", REQUEST_3),
    ],
    "C.4 requests with Huffman": [
        Block("828684418cf1e3c2e5f23a6ba0ab90f4ff", REQUEST_1),
        Block("828684be5886a8eb10649cbf", REQUEST_2),
        Block("828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf", REQUEST_3),
    ],
    "C.5 responses without Huffman": [
        Block(
            "4803333032580770726976617465611d4d6f6e2c203231204f637420323031332032303a31333a323120"
            "474d546e1768747470733a2f2f7777772e6578616d706c652e636f6d",
            RESPONSE_1,
        ),
        Block("4803333037c1c0bf", RESPONSE_2),
        Block(
            "88c1611d4d6f6e2c203231204f637420323031332032303a31333a323220474d54c05a04677a69707738"
            "666f6f3d4153444a4b48514b425a584f5157454f50495541585157454f49553b206d61782d6167653d33"
            "3630303b2076657273696f6e3d31",
            RESPONSE_3,
        ),
    ],
    "C.6 responses with Huffman": [
        Block(
            "488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad1718"
            "63c78f0b97c8e9ae82ae43d3",
            RESPONSE_1,
        ),
        Block("4883640effc1c0bf", RESPONSE_2),
        Block(
            "88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab77ad94e7821dd7f2e6c7"
            "b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007",
            RESPONSE_3,
        ),
    ],
}
"""Blocks for one decoder, in order. Its table has 256 octets in C.5 and C.6."""
