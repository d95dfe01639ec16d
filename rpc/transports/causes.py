"""Why an upstream is unusable, in the same words for each transport."""

import re

_NOT_YET = "no connection yet, and no error"

# What a transport's text contains, and the words for it. The first that fits counts: gRPC's text of
# a certificate that is not trusted has "handshake" in it too.
_WORDS = [
    (re.compile(pattern), words)
    for pattern, words in (
        (r"[Cc]onnection refused", "connection refused"),
        (
            r"CERTIFICATE_VERIFY_FAILED: (?P<reason>.+?)(?:: OK)?$|is not trusted: (?P<other>.+)$",
            "TLS: the server's certificate is not trusted",
        ),
        (r"Hostname Verification", "TLS: the server's certificate is for another name"),
        (r"WRONG_VERSION_NUMBER", "TLS: the server does not speak it"),
        (r"[Hh]andshake failed", "TLS: the handshake failed"),
        (
            r"Socket closed|Connection reset|Broken pipe|the peer closed|reset by the peer",
            "the server closes new connections: does it want TLS, or another certificate?",
        ),
        (
            r"parsing HTTP/2|a frame is larger than|the first frame|speaks HTTP/1",
            "the server does not speak HTTP/2",
        ),
        (
            r"backend unhealthy|health check:|the server reports",
            "the server does not serve this service, or not now",
        ),
        (r"resolv|lookup failed", "the name cannot be resolved"),
    )
]

# gRPC begins with a code's name and the scheme of the address, `wire` with the address.
_REPLICA = re.compile(r"(?:[A-Z]+: )?(?:ipv[46]:)?(?P<address>(?:unix:)?[^ ]+): ")


def in_words(reason: str) -> str:
    """Explains why there is no connection.

    Args:
        reason: the transport's own text, with the address of a replica before it. Empty for none.

    Returns:
        The address, where there is one, and the cause. An unknown text stays as it is.
    """
    if not reason:
        return _NOT_YET
    for pattern, words in _WORDS:
        found = pattern.search(reason)
        if found is not None:
            detail = next((text for text in found.groups() if text), None)
            return _address(reason) + (words if detail is None else f"{words}: {detail}")
    return reason


def _address(reason: str) -> str:
    replica = _REPLICA.match(reason)
    return "" if replica is None else f"{replica['address']}: "
