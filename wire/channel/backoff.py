"""How long to wait before the next attempt to connect, or to resolve.

Source: https://github.com/grpc/grpc/blob/master/doc/connection-backoff.md.
"""

import random

_MULTIPLIER = 1.6
_JITTER = 0.2


class Backoff:
    """Growing pauses, each with a jitter, so callers do not come back in step."""

    def __init__(self, initial: float, maximum: float) -> None:
        """Begins with the initial pause.

        Args:
            initial: seconds of the first pause.
            maximum: seconds of the longest pause, the jitter aside.
        """
        self._initial = initial
        self._maximum = maximum
        self._current = initial

    def next(self) -> float:
        """Seconds to wait this time. The next time it is more."""
        pause = self._current
        self._current = min(self._current * _MULTIPLIER, self._maximum)
        # A jitter is no secret.
        return pause * random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311

    def reset(self) -> None:
        """Begins anew, after a success."""
        self._current = self._initial
