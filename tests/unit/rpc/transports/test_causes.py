"""The cause of an unusable upstream: the same words for each transport's errors."""

from rpc.transports.causes import in_words

import pytest

HANDSHAKE = "ipv4:127.0.0.1:1: Tls handshake failed (TSI_PROTOCOL_FAILURE): SSL_ERROR_SSL: error:"
VERIFY = f"{HANDSHAKE}1000007d:SSL routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED"
VERSION = f"{HANDSHAKE}100000f7:SSL routines:OPENSSL_internal:WRONG_VERSION_NUMBER"
NAME = "ipv4:127.0.0.1:1: Custom verification check failed with error: UNAUTHENTICATED"
HTTP2 = "UNAVAILABLE: ipv4:127.0.0.1:1: Failed parsing HTTP/2 (Expected SETTINGS frame as the"
LOOKUP = "errors resolving a.invalid:1: [field:hostname lookup error:address lookup failed"
CLOSES = "the server closes new connections: does it want TLS, or another certificate?"
UNTRUSTED = "TLS: the server's certificate is not trusted: unable to get local issuer certificate"


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (
            "ipv4:127.0.0.1:1: Failed to connect to remote host: connect: Connection refused (111)",
            "127.0.0.1:1: connection refused",
        ),
        ("[::1]:1: connection refused", "[::1]:1: connection refused"),
        ("unix:/run/orc2: connection refused", "unix:/run/orc2: connection refused"),
        ("UNAVAILABLE: ipv4:127.0.0.1:1: Socket closed", f"127.0.0.1:1: {CLOSES}"),
        ("127.0.0.1:1: the peer closed the connection", f"127.0.0.1:1: {CLOSES}"),
        (
            f"{VERIFY}: unable to get local issuer certificate: OK",
            f"127.0.0.1:1: {UNTRUSTED}",
        ),
        (f"127.0.0.1:1: {UNTRUSTED}", f"127.0.0.1:1: {UNTRUSTED}"),
        (
            f"{VERSION}: Invalid certificate verification context: OK",
            "127.0.0.1:1: TLS: the server does not speak it",
        ),
        (
            f"{NAME}: Hostname Verification Check failed.",
            "127.0.0.1:1: TLS: the server's certificate is for another name",
        ),
        (
            f"{HTTP2} first frame, got frame type 79)",
            "127.0.0.1:1: the server does not speak HTTP/2",
        ),
        ("127.0.0.1:1: the server speaks HTTP/1", "127.0.0.1:1: the server does not speak HTTP/2"),
        (
            "ipv4:127.0.0.1:1: backend unhealthy",
            "127.0.0.1:1: the server does not serve this service, or not now",
        ),
        ("127.0.0.1:1: the connection timed out", "127.0.0.1:1: the connection timed out"),
        ("a text that nobody knows", "a text that nobody knows"),
        ("", "no connection yet, and no error"),
    ],
    ids=lambda text: text[:40],
)
def test_a_text_of_a_transport_becomes_words(reason: str, words: str) -> None:
    assert in_words(reason) == words


@pytest.mark.parametrize(
    "reason",
    [
        f"{LOOKUP} for a.invalid:1: Domain name not found]",
        "the name 'a.invalid' cannot be resolved: Name or service not known",
    ],
)
def test_a_name_that_is_gone_has_no_address(reason: str) -> None:
    assert in_words(reason) == "the name cannot be resolved"
