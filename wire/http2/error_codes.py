"""The error codes of RST_STREAM and GOAWAY (RFC 9113, section 7)."""

from __future__ import annotations

NO_ERROR = 0x0
PROTOCOL_ERROR = 0x1
INTERNAL_ERROR = 0x2
FLOW_CONTROL_ERROR = 0x3
SETTINGS_TIMEOUT = 0x4
STREAM_CLOSED = 0x5
FRAME_SIZE_ERROR = 0x6
REFUSED_STREAM = 0x7
CANCEL = 0x8
COMPRESSION_ERROR = 0x9
CONNECT_ERROR = 0xA
ENHANCE_YOUR_CALM = 0xB
INADEQUATE_SECURITY = 0xC
HTTP_1_1_REQUIRED = 0xD

_NAMES = {
    value: name for name, value in list(globals().items()) if name.isupper() and name[0] != "_"
}


def name_of(code: int) -> str:
    """The name of a code, or its number in hexadecimal digits."""
    return _NAMES.get(code, f"0x{code:x}")


class ConnectionFault(Exception):  # noqa: N818 - ConnectionError is another thing.
    """The peer broke a rule that ends the connection (RFC 9113, section 5.4.1)."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(code, text)
        self.code = code
        self.text = text


class StreamFault(Exception):  # noqa: N818 - as above.
    """The peer broke a rule that ends one stream (RFC 9113, section 5.4.2)."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(code, text)
        self.code = code
        self.text = text
