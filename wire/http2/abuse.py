"""Counts frames costly to this side and cheap to the peer.

Rapid reset (CVE-2023-44487) and MadeYouReset (CVE-2025-8671), floods of PING, SETTINGS, empty
DATA, PRIORITY and WINDOW_UPDATE (CVE-2019-9511 to 9518) all send a kind of frame faster than any
honest peer does. Honest peers send more of some kinds the more data flows, so data earns credit.
"""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

from wire.http2.error_codes import ENHANCE_YOUR_CALM, ConnectionFault

if TYPE_CHECKING:
    from wire.http2.limits import Rate


class Bucket:
    """Tokens of one kind of frame on one connection. Each frame takes one."""

    __slots__ = ("_fault", "_filled", "_rate", "_tokens")

    def __init__(self, fault: str, rate: Rate) -> None:
        self._fault = fault
        self._rate = rate
        self._tokens = float(rate.burst)
        self._filled = perf_counter()

    def take(self) -> None:
        """Count one frame.

        Raises:
          ConnectionFault: there have been too many of them.
        """
        self._tokens -= 1
        if self._tokens < 0:
            self._refill()
            if self._tokens < 0:
                raise ConnectionFault(ENHANCE_YOUR_CALM, self._fault)

    def credit(self, frames: int) -> None:
        """Allow so many more, never beyond the burst."""
        self._tokens = min(float(self._rate.burst), self._tokens + frames)

    def _refill(self) -> None:
        now = perf_counter()
        earned = (now - self._filled) * self._rate.per_second
        self._tokens = min(float(self._rate.burst), self._tokens + earned)
        self._filled = now
