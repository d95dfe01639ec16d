"""Requests as calls (gRPC's PROTOCOL-HTTP2.md)."""

from tests.wire.conformance.case import case
from tests.wire.conformance.frames import (
    HELLO,
    NO_ERROR,
    REQUEST,
    block,
    call,
    data,
    headers,
    message,
    request,
)
from tests.wire.conformance.http_cases import MALFORMED, UNIMPLEMENTED
from tests.wire.conformance.seen import (
    Expectation,
    grpc_status,
    http_status,
    response,
)

INVALID_ARGUMENT, DEADLINE_EXCEEDED, NOT_FOUND, RESOURCE_EXHAUSTED, INTERNAL = 3, 4, 5, 8, 13

EXHAUSTED_OR_RESET = Expectation(
    "RESOURCE_EXHAUSTED, :status 431, or RST_STREAM",
    lambda seen: bool(
        grpc_status(RESOURCE_EXHAUSTED).met(seen) or http_status(431).met(seen) or seen.resets[1]
    ),
)

CASES = [
    case(
        "gRPC",
        "GET",
        headers(1, request(method=b"GET"), end=True),
        expected=(http_status(405), grpc_status(UNIMPLEMENTED, INTERNAL)),
    ),
    case(
        "gRPC",
        "HEAD",
        headers(1, request(method=b"HEAD"), end=True),
        expected=(http_status(405), grpc_status(UNIMPLEMENTED, INTERNAL)),
    ),
    case(
        "gRPC",
        "POST of something else",
        headers(1, block(REQUEST[:4])) + data(1, b"test"),
        expected=http_status(415),
    ),
    case(
        "gRPC",
        "another content-type",
        headers(1, block([*REQUEST[:5], (b"content-type", b"text/html")])) + data(1),
        expected=http_status(415),
    ),
    case(
        "gRPC",
        "a content-type that begins alike",
        headers(1, block([*REQUEST[:5], (b"content-type", b"application/grpcx")])) + data(1),
        expected=http_status(415),
    ),
    case(
        "gRPC",
        "content-type application/grpc+proto",
        headers(1, block([*REQUEST[:5], (b"content-type", b"application/grpc+proto")])) + data(1),
        expected=response(),
    ),
    case(
        "gRPC",
        "content-type application/grpc;charset=utf-8",
        headers(1, block([*REQUEST[:5], (b"content-type", b"application/grpc;charset=utf-8")]))
        + data(1),
        expected=(response(), http_status(415)),
    ),
    case(
        "gRPC",
        "an unknown method",
        headers(1, request(path=b"/test.Echo/None")) + data(1),
        expected=grpc_status(UNIMPLEMENTED),
    ),
    case(
        "gRPC",
        "an unknown method whose name fills a frame",
        headers(1, request(path=b"/" + b"\xc3\xa4" * 7000)) + data(1),
        grpc_status(UNIMPLEMENTED),
        expected=Expectation(
            "a text that any peer takes",
            lambda seen: len(seen.field(1, b"grpc-message") or b"") < 1000,
        ),
    ),
    *(
        case(
            "gRPC",
            f"a status whose text is 4,000 times {letter.decode()!r}",
            call(1, message(letter * 4000), path=b"/test.Echo/Refuse"),
            grpc_status(NOT_FOUND),
            expected=Expectation(
                "a text that any peer takes",
                lambda seen: 4000 <= len(seen.field(1, b"grpc-message") or b"") < 13_000,
            ),
        )
        for letter in (b"x", b"\n", "ü".encode(), "😀".encode())
    ),
    case(
        "gRPC",
        "an unknown method whose body never ends",
        headers(1, request(path=b"/test.Echo/None")),
        expected=grpc_status(UNIMPLEMENTED),
    ),
    case(
        "gRPC",
        "a :path that is not UTF-8",
        headers(1, request(path=b"/\xff\xfe/x")) + data(1),
        expected=(grpc_status(UNIMPLEMENTED), *MALFORMED),
    ),
    case(
        "gRPC", "no message", headers(1, request(), end=True), expected=grpc_status(UNIMPLEMENTED)
    ),
    case(
        "gRPC",
        "no message but END_STREAM",
        headers(1, request()) + data(1, b""),
        expected=grpc_status(UNIMPLEMENTED),
    ),
    case("gRPC", "two messages", call(1, HELLO + HELLO), expected=grpc_status(UNIMPLEMENTED)),
    case("gRPC", "half a message", call(1, HELLO[:7]), expected=grpc_status(INTERNAL)),
    case("gRPC", "half a prefix", call(1, HELLO[:3]), expected=grpc_status(INTERNAL)),
    case(
        "gRPC",
        "a message's flag of 2",
        call(1, b"\x02" + HELLO[1:]),
        expected=grpc_status(INTERNAL),
    ),
    case(
        "gRPC",
        "a compressed message without grpc-encoding",
        call(1, b"\x01" + HELLO[1:]),
        expected=grpc_status(INTERNAL),
    ),
    case(
        "gRPC",
        "a compressed message that cannot be read",
        call(1, b"\x01" + HELLO[1:], (b"grpc-encoding", b"gzip")),
        expected=grpc_status(INTERNAL, INVALID_ARGUMENT),
    ),
    case(
        "gRPC",
        "an unknown grpc-encoding",
        call(1, b"\x01" + HELLO[1:], (b"grpc-encoding", b"br")),
        expected=Expectation(
            "UNIMPLEMENTED with grpc-accept-encoding",
            lambda seen: (
                grpc_status(UNIMPLEMENTED).met(seen)
                and b"gzip" in (seen.field(1, b"grpc-accept-encoding") or b"")
            ),
        ),
    ),
    case(
        "gRPC",
        "a message larger than the limit",
        headers(1, request()) + data(1, b"\0\xff\xff\xff\xff" + bytes(100), end=False),
        expected=grpc_status(RESOURCE_EXHAUSTED),
    ),
    case("gRPC", "an empty message", call(1, message(b"")), expected=response(body=message(b""))),
    case(
        "gRPC",
        "grpc-timeout of 0",
        call(1, HELLO, (b"grpc-timeout", b"0n")),
        expected=grpc_status(DEADLINE_EXCEEDED),
    ),
    *(
        case(
            "gRPC",
            f"grpc-timeout {value!r}",
            call(1, HELLO, (b"grpc-timeout", value)),
            expected=(response(), grpc_status(INTERNAL, INVALID_ARGUMENT), *MALFORMED),
        )
        for value in (b"1", b"S", b"", b"1.5S", b"-1S", b"123456789S", b"1s", b"\xc2\xb2S")
    ),
    case(
        "gRPC",
        "a response ends with trailers and no reset",
        call(),
        response(),
        expected=Expectation(
            "no reset but NO_ERROR",
            lambda seen: all(c == [NO_ERROR] for c in seen.resets.values() if c),
        ),
    ),
    case(
        "9113, 10.5.1",
        "a header list above the limit",
        headers(1, request((b"x-large", b"x" * 15_700), *[(b"a", b"b")] * 30)) + data(1),
        expected=EXHAUSTED_OR_RESET,
    ),
]
