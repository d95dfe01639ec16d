"""Statuses in a form that gRPC can send.

grpc.aio notes a status as sent before it sends it. If it cannot, nothing ends the call, and its
caller waits until the deadline.
"""

from typing import Any

import grpc


def sendable_code(code: Any) -> Any:
    """The code, or UNKNOWN for OK: gRPC ends no failed call with that."""
    return grpc.StatusCode.UNKNOWN if code in {grpc.StatusCode.OK, 0} else code


def sendable_text(text: Any) -> Any:
    """The text without what UTF-8 cannot carry, such as parts of a file's name."""
    return text.encode(errors="replace").decode() if isinstance(text, str) else text


def sendable_metadata(metadata: Any) -> Any:
    """The metadata, with bytes under each key for bytes.

    Raises:
        TypeError: a value is neither text nor bytes.
    """
    return tuple((key, _sendable_value(key, value)) for key, value in metadata or ())


def _sendable_value(key: Any, value: Any) -> str | bytes:
    if isinstance(value, bytes):
        return value
    if not isinstance(value, str):
        raise TypeError(f"the value of {key!r} is neither str nor bytes")
    return value.encode(errors="replace") if str(key).endswith("-bin") else value
