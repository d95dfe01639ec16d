"""Warns when the event loop was blocked: while a servicer blocks, nobody is answered."""

from __future__ import annotations

import logging
from time import perf_counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

_BLOCKED = 0.5
_LOOK_EVERY = 0.25
_SAY_EVERY = 10.0

_logger = logging.getLogger(__name__)


def _log(seconds: float) -> None:
    _logger.warning("event_loop_blocked", extra={"seconds": round(seconds, 3)})


class LagWarning:
    """Looks at the clock a few times a second, and says so when a look comes late."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        warn: Callable[[float], None] = _log,
        *,
        blocked: float = _BLOCKED,
        say_every: float = _SAY_EVERY,
    ) -> None:
        """Begin to look.

        Args:
          loop: the event loop.
          warn: is told for how many seconds the loop was blocked.
          blocked: seconds that are worth a warning.
          say_every: seconds between two warnings, at least.
        """
        self._loop = loop
        self._warn = warn
        self._blocked = blocked
        self._say_every = say_every
        self._said: float | None = None
        self._interval = min(_LOOK_EVERY, blocked / 2)
        self._look_again()

    def close(self) -> None:
        """Look no more."""
        self._timer.cancel()

    def _look_again(self) -> None:
        self._due = perf_counter() + self._interval
        self._timer = self._loop.call_later(self._interval, self._look)

    def _look(self) -> None:
        now = perf_counter()
        late = now - self._due
        if late >= self._blocked and (self._said is None or now - self._said >= self._say_every):
            self._said = now
            self._warn(late)
        self._look_again()
