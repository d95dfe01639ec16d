"""Connections refused, or ended for their peers' behaviour."""

from typing import TYPE_CHECKING

from rpc.telemetry.log_pace import LogPace
from rpc.telemetry.log_setup import get_logger

if TYPE_CHECKING:
    from collections.abc import Callable


class TurnedAwayConnections:
    """Logs them, as far as their number allows.

    Attributes:
        count: called with the cause of each. None where nothing is counted.
    """

    def __init__(self) -> None:
        self.count: Callable[[str], None] | None = None
        self._pace = LogPace()

    def report(self, peer: str, cause: str, reason: str) -> None:
        """Notes one.

        Args:
            peer: its address.
            cause: one of few words.
            reason: the same at length.
        """
        if times := self._pace.count():
            get_logger().warning(
                "connection turned away", peer=peer, cause=cause, reason=reason, times=times
            )
        if self.count is not None:
            self.count(cause)
