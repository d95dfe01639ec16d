"""Connections that are refused, or ended for what their peers do."""

from typing import TYPE_CHECKING

from rpc.telemetry.bounded_log import BoundedLog

if TYPE_CHECKING:
    from collections.abc import Callable


class TurnedAwayConnections:
    """Logs them, as far as their number allows.

    Attributes:
        count: is told of the cause of each. None where nothing is counted.
    """

    def __init__(self) -> None:
        self.count: Callable[[str], None] | None = None
        self._log = BoundedLog("connection turned away")

    def tell(self, peer: str, cause: str, reason: str) -> None:
        """Notes one.

        Args:
            peer: its address.
            cause: one of few words.
            reason: the same at length.
        """
        self._log.warning(peer=peer, cause=cause, reason=reason)
        if self.count is not None:
            self.count(cause)
