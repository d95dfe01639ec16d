"""Which service a generated stub is of: it says so by the methods that it asks a channel for."""

from collections.abc import Callable
from typing import Any, cast

import grpc


class _Asked:
    """Stands in for a channel, and remembers which methods a stub asks for."""

    def __init__(self) -> None:
        self.methods: list[str] = []

    def _ask(self, method: str, *_: Any, **__: Any) -> None:
        self.methods.append(method)

    unary_unary = unary_stream = stream_unary = stream_stream = _ask


def service_of(stub: Callable[[grpc.aio.Channel], Any]) -> str:
    """Full name of the service that a generated stub calls, as in `user.Orchestrator2Service`.

    Raises:
        ValueError: the stub has no methods.
    """
    asked = _Asked()
    stub(cast("grpc.aio.Channel", asked))
    if not asked.methods:
        raise ValueError(f"{stub!r} is no generated stub with methods")
    return asked.methods[0].split("/")[1]
