"""What happens once in a turn of the event loop, before its responses leave."""

import asyncio
from collections.abc import Callable

from wire.loop.flusher import flusher_of


class EachTurn:
    """Runs an action ahead of the writes of each turn, for as long as the event loop lives."""

    def __init__(self, action: Callable[[], None]) -> None:
        self._flusher = flusher_of(asyncio.get_running_loop())
        self._flusher.before_each_flush(action)

    def mark(self) -> None:
        """Has this turn end with a flush, even if no connection has anything to write."""
        self._flusher.mark(self)

    def flush(self) -> None:
        """Has nothing to write: the action has run by then."""
