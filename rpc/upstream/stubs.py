"""The service of a generated stub, by the methods it asks a channel for."""

from collections.abc import Callable
from typing import Any, cast

import grpc


class _Asked:
    """Stands in for a channel, and remembers the methods a stub creates."""

    def __init__(self) -> None:
        self.methods: list[str] = []

    def _ask(self, method: str, *_: Any, **__: Any) -> None:
        self.methods.append(method)

    unary_unary = unary_stream = stream_unary = stream_stream = _ask


def service_of(stub: Callable[[grpc.aio.Channel], Any]) -> str:
    """Full name of a generated stub's service, as in `user.Orchestrator2Service`.

    Raises:
        ValueError: the stub has no methods.
    """
    asked = _Asked()
    stub(cast("grpc.aio.Channel", asked))
    if not asked.methods:
        raise ValueError(f"{stub!r} is no generated stub with methods")
    return asked.methods[0].split("/")[1]
