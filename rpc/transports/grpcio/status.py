"""Statuses in a form that gRPC can send.

grpc.aio notes a status as sent before it sends it. If it cannot, nothing ends the call, and its
caller waits until the deadline.
"""

from typing import Any

import grpc

_BY_NUMBER = {code.value[0]: code for code in grpc.StatusCode}


def status_code(code: Any) -> grpc.StatusCode:
    """The code, which may be given by its number. Others are UNKNOWN, as to gRPC."""
    if isinstance(code, grpc.StatusCode):
        return code
    return _BY_NUMBER.get(code, grpc.StatusCode.UNKNOWN)


def sendable_code(code: Any) -> grpc.StatusCode:
    """The same for a failed call. gRPC ends none with OK."""
    known = status_code(code)
    return grpc.StatusCode.UNKNOWN if known is grpc.StatusCode.OK else known


def sendable_text(text: Any) -> Any:
    """The text without what UTF-8 cannot carry, such as parts of a file's name."""
    return text.encode(errors="replace").decode() if isinstance(text, str) else text


def sendable_metadata(metadata: Any) -> Any:
    """The metadata without such parts, and with bytes under each key for bytes.

    Raises:
        TypeError: a key is not text, or a value neither text nor bytes.
    """
    return tuple(_sendable_pair(key, value) for key, value in metadata or ())


def _sendable_pair(key: Any, value: Any) -> tuple[str, str | bytes]:
    if not isinstance(key, str):
        raise TypeError(f"the key {key!r} is not str")
    if not isinstance(value, str | bytes):
        raise TypeError(f"the value of {key!r} is neither str nor bytes")
    text: str = sendable_text(key)
    if isinstance(value, bytes):
        return text, value
    sent: str = sendable_text(value)
    return text, sent.encode() if key.endswith("-bin") else sent
