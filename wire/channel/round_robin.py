"""The load balancing policy `round_robin`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wire.channel.connectivity import CONNECTING, IDLE, READY, TRANSIENT_FAILURE
from wire.channel.policy import frozen_connections, ready_connections
from wire.channel.subchannel import Subchannel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wire.channel.policy import Dispatching
    from wire.channel.settings import Settings
    from wire.channel.target import Address


class RoundRobin:
    """Connects to all addresses, at once and again. Calls go to the ready ones."""

    def __init__(self, settings: Settings, dispatching: Dispatching) -> None:
        self._settings = settings
        self._dispatching = dispatching
        self._subchannels: dict[Address, Subchannel] = {}
        # Those that have failed since they were ready: trying again does not hide that.
        self._failing: set[Subchannel] = set()
        self._error = ""

    def update(self, addresses: Sequence[Address]) -> None:
        """Takes the current addresses. Connections to those that stay are kept."""
        before, self._subchannels = self._subchannels, {}
        for address in addresses:
            kept = before.pop(address, None)
            self._subchannels[address] = kept or Subchannel(address, self._settings, self)
        for gone in before.values():
            self._failing.discard(gone)
            gone.drop()
        self.connect()
        self._publish()

    def connect(self) -> None:
        """Begins to connect."""
        for subchannel in list(self._subchannels.values()):
            subchannel.connect()

    def close(self) -> None:
        """Closes all connections."""
        for subchannel in self._subchannels.values():
            subchannel.close()

    def subchannel_changed(self, subchannel: Subchannel) -> None:
        """Keeps all addresses connected."""
        if self._subchannels.get(subchannel.address) is not subchannel:
            return
        if subchannel.state is READY:
            self._failing.discard(subchannel)
        elif subchannel.state is TRANSIENT_FAILURE:
            self._failing.add(subchannel)
            self._error = f"{subchannel.address}: {subchannel.error}"
            self._dispatching.resolve()
        elif subchannel.state is IDLE:
            self._error = f"{subchannel.address}: {subchannel.error}"
            self._dispatching.resolve()
            subchannel.connect()
            return
        self._publish()

    def room_made(self) -> None:
        """A stream has ended."""
        self._dispatching.room_made()

    def _publish(self) -> None:
        subchannels = self._subchannels.values()
        # Where all are silent, it is no reason to prefer any: silence may be this side's.
        ready = ready_connections(subchannels) or frozen_connections(subchannels)
        if ready:
            state = READY
        elif len(self._failing) == len(self._subchannels):
            state = TRANSIENT_FAILURE
        else:
            state = CONNECTING
        self._dispatching.publish(state, ready, self._error)
