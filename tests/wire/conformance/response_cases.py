"""Responses as HTTP messages (RFC 9113, 8), and as responses of calls (gRPC).

In each case the channel has sent a whole request on stream 1.
"""

from grpc import StatusCode

from tests.wire.conformance.channel_case import ChannelCase, answered, ends, raw_head, unreadable
from tests.wire.conformance.frames import (
    CANCEL,
    HELLO,
    NO_ERROR,
    block,
    data,
    headers,
    rst_stream,
)
from tests.wire.conformance.upstream import HEAD, OK, head, reply, trailers

UNKNOWN = 0x16
MORE = block([(b"x-more", b"1")])
BODY = data(1, end=False)
INFORMATIONAL = headers(1, block([(b":status", b"103"), (b"link", b"x")]))

RESPONSE_CASES = [
    answered("8.1", "informational headers ahead", INFORMATIONAL * 3 + reply(1)),
    unreadable("8.1", "a third HEADERS", head(1) + BODY + headers(1, block(OK)) + trailers(1)),
    answered("8.1", "RST_STREAM NO_ERROR behind the response", reply(1) + rst_stream(1, NO_ERROR)),
    unreadable("8.1.1", "content-length below", head(1, (b"content-length", b"1")) + BODY),
    unreadable(
        "8.1.1", "content-length above", head(1, (b"content-length", b"99")) + BODY + trailers(1)
    ),
    answered("8.1.1", "content-length", head(1, (b"content-length", b"10")) + BODY + trailers(1)),
    unreadable("8.2", "an upper-case name", head(1, (b"X-Test", b"1"))),
    unreadable(
        "8.2",
        "an upper-case name in trailers",
        head(1) + BODY + trailers(1, [(b"Grpc-Status", b"0")]),
    ),
    unreadable("8.2.1", "a value with a line break", head(1, (b"x-test", b"a\r\nb: c"))),
    unreadable("8.2.2", "connection", head(1, (b"connection", b"close"))),
    unreadable("8.3", "an unknown pseudo-header", raw_head([(b":test", b"1"), *HEAD])),
    unreadable("8.3", "a request's pseudo-header", raw_head([(b":path", b"/"), *HEAD])),
    unreadable("8.3", "a pseudo-header behind a field", raw_head([*HEAD[1:], HEAD[0]])),
    unreadable("8.3", "a pseudo-header in trailers", head(1) + BODY + trailers(1, [HEAD[0], *OK])),
    unreadable("8.3.2", "no :status", raw_head(HEAD[1:])),
    unreadable("8.3.2", ":status twice", raw_head([HEAD[0], *HEAD])),
    *(
        unreadable("8.3.2", f":status {status!r}", raw_head([(b":status", status), *HEAD[1:]]))
        for status in (b"", b"20", b"2000", b"abc", b"-20", b"\xd9\xa1\xd9\xa1")
    ),
]

RESETS = {
    0: StatusCode.INTERNAL,
    1: StatusCode.INTERNAL,
    2: StatusCode.INTERNAL,
    3: StatusCode.INTERNAL,
    4: StatusCode.INTERNAL,
    6: StatusCode.INTERNAL,
    CANCEL: StatusCode.CANCELLED,
    9: StatusCode.INTERNAL,
    10: StatusCode.INTERNAL,
    11: StatusCode.RESOURCE_EXHAUSTED,
    12: StatusCode.PERMISSION_DENIED,
    13: StatusCode.INTERNAL,
    0xFF: StatusCode.INTERNAL,
}
HTTP = {
    b"400": StatusCode.INTERNAL,
    b"401": StatusCode.UNAUTHENTICATED,
    b"403": StatusCode.PERMISSION_DENIED,
    b"404": StatusCode.UNIMPLEMENTED,
    b"429": StatusCode.UNAVAILABLE,
    b"502": StatusCode.UNAVAILABLE,
    b"503": StatusCode.UNAVAILABLE,
    b"504": StatusCode.UNAVAILABLE,
    b"500": StatusCode.UNKNOWN,
    b"302": StatusCode.UNKNOWN,
}
UTF8 = "ü".encode()

CALL_CASES = [
    answered("gRPC", "a response", reply(1)),
    *(
        ChannelCase("gRPC", f"RST_STREAM {code}", (rst_stream(1, code),), (status,))
        for code, status in RESETS.items()
    ),
    *(
        ends(
            f":status {status.decode()}",
            headers(1, block([(b":status", status)]), end=True),
            call=call,
        )
        for status, call in HTTP.items()
    ),
    *(
        ends(
            f"status {code.value[0]} in trailers alone",
            headers(1, block([*HEAD, (b"grpc-status", b"%d" % code.value[0])]), end=True),
            call=code,
        )
        for code in StatusCode
        if code is not StatusCode.OK
    ),
    ends("status 99", head(1) + trailers(1, [(b"grpc-status", b"99")]), call=StatusCode.UNKNOWN),
    ends(
        "a status that is no number",
        head(1) + trailers(1, [(b"grpc-status", b"OK")]),
        call=StatusCode.UNKNOWN,
    ),
    ends("no status", head(1) + BODY + trailers(1, [(b"x-a", b"1")]), call=StatusCode.UNKNOWN),
    ChannelCase(
        "gRPC",
        "DATA with END_STREAM and no trailers",
        (head(1) + data(1),),
        (StatusCode.UNKNOWN, StatusCode.INTERNAL),
    ),
    ends("OK without a message", head(1) + trailers(1), call=StatusCode.INTERNAL),
    ends(
        "OK in trailers alone", headers(1, block([*HEAD, *OK]), end=True), call=StatusCode.INTERNAL
    ),
    ends("two messages", head(1) + data(1, HELLO * 2, end=False), call=StatusCode.UNIMPLEMENTED),
    ends(
        "half a message",
        head(1) + data(1, HELLO[:7], end=False) + trailers(1),
        call=StatusCode.INTERNAL,
    ),
    ends(
        "a message's flag of 2",
        head(1) + data(1, b"\x02" + HELLO[1:], end=False) + trailers(1),
        call=StatusCode.INTERNAL,
    ),
    ends(
        "a compressed message without grpc-encoding",
        head(1) + data(1, b"\x01" + HELLO[1:], end=False) + trailers(1),
        call=StatusCode.INTERNAL,
    ),
    ends(
        "a compressed message that cannot be read",
        head(1, (b"grpc-encoding", b"gzip"))
        + data(1, b"\x01" + HELLO[1:], end=False)
        + trailers(1),
        call=StatusCode.INTERNAL,
    ),
    ends(
        "an unknown grpc-encoding",
        head(1, (b"grpc-encoding", b"br")) + BODY + trailers(1),
        call=StatusCode.INTERNAL,
    ),
    ends(
        "another content-type",
        raw_head([HEAD[0], (b"content-type", b"text/html")]) + trailers(1),
        call=StatusCode.UNKNOWN,
    ),
    ends(
        "a message larger than the limit",
        head(1) + data(1, b"\0\xff\xff\xff\xff", end=False),
        call=StatusCode.RESOURCE_EXHAUSTED,
    ),
    ends(
        "a -bin value that is no base64",
        head(1, (b"x-bin", b"!")) + BODY + trailers(1),
        call=StatusCode.INTERNAL,
    ),
    answered(
        "gRPC", "a -bin value without padding", head(1, (b"x-bin", b"aGk")) + BODY + trailers(1)
    ),
    ends(
        "a grpc-message with spaces around it, as grpc-go sends",
        head(1) + trailers(1, [(b"grpc-status", b"5"), (b"grpc-message", b" not found: ")]),
        call=StatusCode.NOT_FOUND,
    ),
    ends(
        "a grpc-message with a line break",
        head(1) + trailers(1, [(b"grpc-status", b"5"), (b"grpc-message", b"a\nb ")]),
        call=StatusCode.INTERNAL,
    ),
    ends(
        "a grpc-message with broken escapes",
        head(1) + trailers(1, [(b"grpc-status", b"5"), (b"grpc-message", b"%zz%f%C3%28" + UTF8)]),
        call=StatusCode.NOT_FOUND,
    ),
    answered(
        "gRPC",
        "an empty DATA frame between",
        head(1) + data(1, b"", end=False) + BODY + trailers(1),
    ),
    answered(
        "gRPC",
        "a message in pieces",
        head(1)
        + data(1, HELLO[:2], end=False)
        + data(1, HELLO[2:6], end=False)
        + data(1, HELLO[6:], end=False)
        + trailers(1),
    ),
    ChannelCase(
        "gRPC",
        "a header list above the limit",
        (head(1, (b"x-large", b"x" * 15_700), *[(b"a", b"b")] * 30) + BODY + trailers(1),),
        (StatusCode.INTERNAL, StatusCode.RESOURCE_EXHAUSTED),
    ),
]

CASES = [*RESPONSE_CASES, *CALL_CASES]
