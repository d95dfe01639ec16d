"""How a runtime sees every call, also those ended by the transport itself."""

from __future__ import annotations

import logging
from enum import Enum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    import grpc

    from wire.http2.connection import ConnectionEnd
    from wire.server.call import Call

_logger = logging.getLogger(__name__)


class CallObserver(Protocol):
    """Is called at each call's start, at its end, and when its response has left.

    The methods are synchronous and run on the event loop. For each started call, `call_ended`
    and then `call_closed` are called exactly once.
    """

    def call_started(self, context: Call) -> None:
        """The headers of a well-formed request have arrived. The method may be unknown."""

    def call_ended(self, context: Call, code: grpc.StatusCode, details: str) -> None:
        """The status is decided. It is about to be written."""

    def call_closed(self, context: Call) -> None:
        """The response has left this process, or the call is given up."""


class ConnectionRefusal(Enum):
    """What kept a caller out."""

    TOO_MANY = "too_many_connections"
    HANDSHAKE = "handshake"
    NOT_ACCEPTED = "not_accepted"


class ConnectionObserver(Protocol):
    """Is called for connections. Peers are written as in `Context.peer`."""

    def connection_opened(self, peer: str) -> None:
        """A caller has connected, its TLS handshake included."""

    def connection_ended(self, peer: str, reason: ConnectionEnd) -> None:
        """A connection is over."""

    def connection_refused(self, peer: str, refusal: ConnectionRefusal, reason: str) -> None:
        """A caller was not let in. The peer is "unknown" where nothing could be accepted."""


def guarded(action: Callable[..., None], *arguments: object) -> None:
    """Call an observer. Its exception is logged and kills no call."""
    try:
        action(*arguments)
    except Exception:
        _logger.exception("observer_failed")
