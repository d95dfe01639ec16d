"""The status of a call that its server ends before all requests are sent.

grpc.aio puts INTERNAL, "Internal error from Core", in its place if it finds that a request cannot
be sent any more: https://github.com/grpc/grpc/issues/36066.
"""

from collections.abc import Callable
from typing import Any

from rpc.transports.grpcio.texts import CALL_IS_OVER

import grpc


def keep_early_status(channel: grpc.aio.Channel) -> grpc.aio.Channel:
    """Has the calls of a channel end with the status that the server has sent."""
    for kind in ("stream_unary", "stream_stream"):
        setattr(channel, kind, _keeping(getattr(channel, kind)))
    return channel


def _keeping(kind: Callable[..., Any]) -> Callable[..., Any]:
    def method(*args: Any, **kwargs: Any) -> Callable[..., Any]:
        begin = kind(*args, **kwargs)

        def begin_and_keep(*args: Any, **kwargs: Any) -> Any:
            call = begin(*args, **kwargs)
            # Nothing of it has run yet: its tasks are younger than this step of the event loop.
            call._cython_call = _CoreCall(call._cython_call)  # noqa: SLF001
            return call

        return begin_and_keep

    return method


class _CoreCall:
    """Stands in for what grpc.aio knows of a call, which can be neither subclassed nor added to."""

    def __init__(self, call: Any) -> None:
        self._call = call

    def __getattr__(self, name: str) -> Any:
        return getattr(self._call, name)

    def set_internal_error(self, text: str) -> None:
        # grpc.aio goes on to wait for the status, which the core has by then or gets.
        if not text.startswith(CALL_IS_OVER):
            self._call.set_internal_error(text)
