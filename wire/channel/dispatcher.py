"""Gives calls their connections, and queues calls without one."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from wire.channel.backoff import Backoff
from wire.channel.balancing import POLICIES
from wire.channel.connectivity import IDLE, READY, SHUTDOWN, TRANSIENT_FAILURE, Connectivity
from wire.channel.resolver import Resolver
from wire.channel.retries import Throttle
from wire.loop.deadlines import deadlines_of

if TYPE_CHECKING:
    import grpc

    from wire.channel.connection import ClientConnection
    from wire.channel.service_config import ServiceConfig
    from wire.channel.settings import Settings
    from wire.channel.target import Address, Target


class Dispatched(Protocol):
    """A call as a dispatcher sees it."""

    wait_for_ready: bool

    def send_on(self, connection: ClientConnection) -> None:
        """Begin on a connection with room."""

    def unreachable(self, cause: str) -> None:
        """There is no connection, and the call does not want to wait."""

    def cancel(self) -> bool:
        """End the call."""

    async def ended(self) -> None:
        """Returns when the call is over."""


class Dispatcher:
    """Sends each call to the next ready connection.

    Attributes:
        connectivity: state of the channel.
        deadlines: of the loop.
        throttle: of retries, or None where the service config has none.
        retrying: calls between two attempts.
        is_closing: new calls must not begin.
    """

    def __init__(self, target: Target, config: ServiceConfig, settings: Settings) -> None:
        self.loop = asyncio.get_running_loop()
        self.connectivity = Connectivity()
        self.deadlines = deadlines_of(self.loop)
        self.throttle = Throttle(config.throttling) if config.throttling else None
        self.retrying: dict[Dispatched, None] = {}
        self.is_closing = False
        self._ready: list[ClientConnection] = []
        self._position = 0
        self._waiting = settings.waiting
        self._settings = settings
        options = settings.options
        self._resolver = Resolver(target, options.resolution_interval, self)
        self._resolution_backoff = Backoff(options.resolution_interval, 30.0)
        self._resolution_timer: asyncio.TimerHandle | None = None
        self._policy = POLICIES[config.policy](settings, self)
        self._has_addresses = False

    # --- calls

    def submit(self, call: Dispatched) -> None:
        """Send a call now, or when there is a connection for it."""
        ready = self._ready
        if ready and not self._waiting:
            self._position = position = self._position + 1
            connection = ready[position % len(ready)]
            if len(connection.streams) < connection.peer_max_streams and not connection.draining:
                call.send_on(connection)
                return
        self._submit_later(call)

    def _submit_later(self, call: Dispatched) -> None:
        state = self.connectivity.state
        if state is SHUTDOWN:
            call.unreachable("the channel is closed")
            return
        if state is TRANSIENT_FAILURE and not call.wait_for_ready:
            call.unreachable(self.connectivity.last_error or "")
            return
        self._waiting[call] = None
        if state is IDLE:
            self.connect()
        elif state is READY:
            self.room_made()

    def withdraw(self, call: Dispatched) -> None:
        """Forget a waiting call."""
        self._waiting.pop(call, None)
        self.retrying.pop(call, None)

    def room_made(self) -> None:
        """Send what waits, as far as there is room."""
        waiting = self._waiting
        while waiting:
            connection = self._with_room()
            if connection is None:
                return
            call = next(iter(waiting))
            del waiting[call]
            call.send_on(connection)

    def _with_room(self) -> ClientConnection | None:
        ready = self._ready
        for _ in ready:
            self._position = position = self._position + 1
            connection = ready[position % len(ready)]
            if connection.has_room():
                return connection
        return None

    # --- connections

    def connect(self) -> None:
        """Begin to connect, unless begun already."""
        if self._has_addresses:
            self._policy.connect()
        else:
            self._resolver.resolve()

    def publish(
        self, state: grpc.ChannelConnectivity, ready: list[ClientConnection], error: str
    ) -> None:
        """The policy has other connections, or none."""
        if self.connectivity.state is SHUTDOWN:
            return
        self._ready = ready
        if error:
            self.connectivity.last_error = error
        self.connectivity.set(state)
        if state is READY:
            self.room_made()
        elif state is TRANSIENT_FAILURE:
            self._end_the_impatient(error)
        elif state is IDLE and self._waiting:
            self.connect()

    def _end_the_impatient(self, error: str) -> None:
        for call in [call for call in self._waiting if not call.wait_for_ready]:
            self._waiting.pop(call, None)
            call.unreachable(error)

    def resolve(self) -> None:
        """Look the target up again."""
        self._resolver.resolve()

    def addresses_resolved(self, addresses: tuple[Address, ...]) -> None:
        """The resolver has an answer."""
        self._has_addresses = True
        self._resolution_backoff.reset()
        self._policy.update(addresses)

    def resolution_failed(self, error: str) -> None:
        """The resolver has none: what was resolved before still counts."""
        self._resolution_timer = self.loop.call_later(
            self._resolution_backoff.next(), self._resolver.resolve
        )
        if not self._has_addresses:
            self.publish(TRANSIENT_FAILURE, [], error)

    # --- the end

    async def drained(self, grace: float) -> None:
        """Take no new calls. Returns when all calls have ended, or the time is over."""
        self.is_closing = True
        ends = [asyncio.ensure_future(call.ended()) for call in self._calls()]
        try:
            if ends:
                await asyncio.wait(ends, timeout=grace)
        finally:
            for end in ends:
                end.cancel()

    def _calls(self) -> list[Dispatched]:
        on_connections = [
            call for connection in self._settings.connections for call in connection.calls()
        ]
        return [*self._waiting, *self.retrying, *on_connections]

    def close(self) -> None:
        """Cancel all calls, and close all connections."""
        self.is_closing = True
        self._ready = []
        self.connectivity.set(SHUTDOWN)
        for call in self._calls():
            call.cancel()
        self._resolver.close()
        if self._resolution_timer is not None:
            self._resolution_timer.cancel()
        self._policy.close()
        for connection in list(self._settings.connections):
            connection.leave()
