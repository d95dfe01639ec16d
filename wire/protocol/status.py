"""Statuses on the wire: numbers, percent-encoded messages, and what HTTP's own errors mean."""

import re
from urllib.parse import unquote_to_bytes

import grpc

# https://github.com/grpc/grpc/blob/master/doc/statuscodes.md
_NUMBERS = {code: code.value[0] for code in grpc.StatusCode}
_CODES = {b"%d" % number: code for code, number in _NUMBERS.items()}
_BY_NUMBER = {number: code for code, number in _NUMBERS.items()}

# https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md
_HTTP_STATUSES = {
    b"400": grpc.StatusCode.INTERNAL,
    b"401": grpc.StatusCode.UNAUTHENTICATED,
    b"403": grpc.StatusCode.PERMISSION_DENIED,
    b"404": grpc.StatusCode.UNIMPLEMENTED,
    b"429": grpc.StatusCode.UNAVAILABLE,
    b"502": grpc.StatusCode.UNAVAILABLE,
    b"503": grpc.StatusCode.UNAVAILABLE,
    b"504": grpc.StatusCode.UNAVAILABLE,
}

# PROTOCOL-HTTP2.md, "Errors". Codes that are not here, known and unknown, mean INTERNAL: RFC 9113
# section 7 lets an unknown code be taken for INTERNAL_ERROR.
_REFUSED_STREAM = 0x7
_CANCEL = 0x8
_ENHANCE_YOUR_CALM = 0xB
_INADEQUATE_SECURITY = 0xC
_RESETS = {
    _REFUSED_STREAM: grpc.StatusCode.UNAVAILABLE,
    _CANCEL: grpc.StatusCode.CANCELLED,
    _ENHANCE_YOUR_CALM: grpc.StatusCode.RESOURCE_EXHAUSTED,
    _INADEQUATE_SECURITY: grpc.StatusCode.PERMISSION_DENIED,
}

# Bytes of UTF-8. Percent-encoding makes up to three of each, and 16 KiB of headers is what gRPC's
# C core and `wire` take.
_LONGEST_MESSAGE = 4096

# RFC 9113, section 8.2.1: no value begins or ends with a space.
_PLAIN_MESSAGE = re.compile(rb"(?! )[ -$&-~]*(?<! )").fullmatch
_BYTES_TO_ESCAPE = re.compile(rb"[^ -$&-~]|\A | \Z")


def status_number(code: grpc.StatusCode) -> int:
    """The number of a status on the wire."""
    return _NUMBERS[code]


def status_meant(code: object) -> grpc.StatusCode:
    """The status an application means, also by its number. All else is UNKNOWN, as in grpc.aio."""
    if isinstance(code, grpc.StatusCode):
        return code
    if not isinstance(code, int):
        return grpc.StatusCode.UNKNOWN
    return _BY_NUMBER.get(code, grpc.StatusCode.UNKNOWN)


def text_meant(details: object) -> str:
    """The text an application means: a string, bytes of UTF-8, or what an object calls itself."""
    if isinstance(details, bytes):
        return details.decode("utf-8", "replace")
    return "" if details is None else str(details)


def parse_status(value: bytes) -> grpc.StatusCode:
    """The status of a `grpc-status` value, or UNKNOWN for one unknown to gRPC."""
    return _CODES.get(value) or _CODES.get(value.lstrip(b"0"), grpc.StatusCode.UNKNOWN)


def encode_message(text: str) -> bytes:
    """A `grpc-message` value: UTF-8, percent-encoded but for printable ASCII other than `%`.

    A space at either end is encoded, too. A long text is cut: past the peer's limit on headers the
    status would be lost, too.
    """
    data = text.encode("utf-8", "replace")
    if len(data) > _LONGEST_MESSAGE:
        data = data[:_LONGEST_MESSAGE].decode("utf-8", "ignore").encode()
    if _PLAIN_MESSAGE(data):
        return data
    return _BYTES_TO_ESCAPE.sub(lambda match: b"%%%02X" % match[0][0], data)


def decode_message(value: bytes) -> str:
    """The text of a `grpc-message` value.

    Never fails, as the specification asks: a malformed escape stays as it is, and bytes outside
    UTF-8 become U+FFFD.
    """
    if b"%" in value:
        value = unquote_to_bytes(value)
    return value.decode("utf-8", "replace")


def status_of_http(http_status: bytes) -> grpc.StatusCode:
    """The status of a response without `grpc-status`, by its `:status`."""
    return _HTTP_STATUSES.get(http_status, grpc.StatusCode.UNKNOWN)


def status_of_reset(error_code: int) -> grpc.StatusCode:
    """The status of a call reset by the peer without a status."""
    return _RESETS.get(error_code, grpc.StatusCode.INTERNAL)
