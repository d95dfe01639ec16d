"""The load balancing policy `pick_first` (gRFC A61)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from wire.channel.connectivity import CONNECTING, IDLE, READY, TRANSIENT_FAILURE
from wire.channel.policy import frozen_connections, ready_connections
from wire.channel.subchannel import Subchannel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wire.channel.policy import Dispatching
    from wire.channel.settings import Settings
    from wire.channel.target import Address

_RIVAL_DELAY = 0.25
"""Seconds for an address to respond before the next one is tried, too."""


class PickFirst:
    """Connects to the first reachable address.

    While an address does not respond, the next one is tried beside it. The first to respond is
    taken (gRFC A61). So an address that swallows packets costs a quarter of a second, and not the
    time for an attempt.
    """

    def __init__(self, settings: Settings, dispatching: Dispatching) -> None:
        self._settings = settings
        self._dispatching = dispatching
        self._subchannels: list[Subchannel] = []
        self._current = 0
        self._is_failing = False
        self._loop = asyncio.get_running_loop()
        self._rivals: asyncio.TimerHandle | None = None
        """Begins an attempt beside the current one."""

    def update(self, addresses: Sequence[Address]) -> None:
        """Takes the current addresses. One that stays keeps its connection, or its pause."""
        selected = self._selected()
        self._stop_rivals()
        before = {subchannel.address: subchannel for subchannel in self._subchannels}
        self._subchannels = [
            before.pop(address) if address in before else Subchannel(address, self._settings, self)
            for address in addresses
        ]
        self._current = 0
        for gone in before.values():
            gone.drop()
        if selected is not None and selected in self._subchannels:
            self._current = self._subchannels.index(selected)
        else:
            self.connect()

    def connect(self) -> None:
        """Begins with the first address that is not in a pause."""
        for number, subchannel in enumerate(self._subchannels):
            self._current = number
            if subchannel.state is not TRANSIENT_FAILURE:
                subchannel.connect()
                self._expect_rival()
                return
        self._all_have_failed(_error_of(self._subchannels[-1]))

    def close(self) -> None:
        """Closes the connection."""
        self._stop_rivals()
        for subchannel in self._subchannels:
            subchannel.close()

    def subchannel_changed(self, subchannel: Subchannel) -> None:
        """Continues with the next address where one fails, and is idle where a connection ends."""
        if not self._subchannels:
            return
        current = self._subchannels[self._current]
        if current is not subchannel:
            if subchannel.state is READY and subchannel in self._subchannels:
                self._take(subchannel)
            elif subchannel.state is IDLE and current.state is TRANSIENT_FAILURE:
                # Its pause is over, and no other attempt is under way.
                self.connect()
            return
        error = _error_of(subchannel)
        if subchannel.state is READY:
            self._is_failing = False
            self._end_rivals()
            self._dispatching.publish(READY, ready_connections([subchannel]), error)
        elif subchannel.is_frozen and len(self._subchannels) == 1:
            self._dispatching.publish(READY, frozen_connections([subchannel]), error)
        elif subchannel.state is TRANSIENT_FAILURE:
            self._try_next(subchannel, error)
        elif subchannel.state is IDLE:
            self._idle(error)
        elif not self._is_failing:
            self._dispatching.publish(CONNECTING, [], error)

    def _try_next(self, failed: Subchannel, error: str) -> None:
        if failed.connection is not None:
            self._leave(failed)
        if self._current + 1 == len(self._subchannels):
            self._all_have_failed(error)
            self._dispatching.resolve()
            # The pause of one of them may be over already.
            self.connect()
            return
        self._current += 1
        following = self._subchannels[self._current]
        if following.state is TRANSIENT_FAILURE:
            self._try_next(following, error)
        else:
            following.connect()
            self._expect_rival()

    def _all_have_failed(self, error: str) -> None:
        # The next round begins when the pause of one of them is over.
        self._is_failing = True
        self._dispatching.publish(TRANSIENT_FAILURE, [], error)

    # --- attempts side by side

    def _expect_rival(self) -> None:
        if self._rivals is None and self._current + 1 < len(self._subchannels):
            self._rivals = self._loop.call_later(_RIVAL_DELAY, self._begin_rival)

    def _begin_rival(self) -> None:
        self._rivals = None
        if self._selected() is not None:
            return
        for rival in self._subchannels[self._current + 1 :]:
            if rival.state is IDLE:
                rival.connect()
                break
        # Also without one: those that have failed are tried again after their pauses.
        self._expect_rival()

    def _take(self, rival: Subchannel) -> None:
        """A rival has responded ahead of the current address."""
        self._current = self._subchannels.index(rival)
        self.subchannel_changed(rival)

    def _end_rivals(self) -> None:
        """There is a connection: no other attempt is wanted."""
        self._stop_rivals()
        for number, rival in enumerate(self._subchannels):
            if number != self._current and rival.state in (CONNECTING, READY):
                self._subchannels[number] = Subchannel(rival.address, self._settings, self)
                rival.drop()

    def _stop_rivals(self) -> None:
        if self._rivals is not None:
            self._rivals.cancel()
            self._rivals = None

    def _leave(self, frozen: Subchannel) -> None:
        """Leave a silent server's calls the rest of their time, and try it again after a pause."""
        fresh = Subchannel(frozen.address, self._settings, self)
        fresh.pause(frozen.error)
        self._subchannels[self._current] = fresh
        frozen.drop()

    def _idle(self, error: str) -> None:
        self._current = 0
        if self._is_failing:
            self.connect()
        else:
            # The connection has ended: the next call brings another.
            self._dispatching.resolve()
            self._dispatching.publish(IDLE, [], error)

    def _selected(self) -> Subchannel | None:
        current = self._subchannels[self._current] if self._subchannels else None
        return current if current is not None and current.connection is not None else None

    def room_made(self) -> None:
        """A stream has ended."""
        self._dispatching.room_made()


def _error_of(subchannel: Subchannel) -> str:
    return f"{subchannel.address}: {subchannel.error}" if subchannel.error else ""
