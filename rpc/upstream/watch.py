"""Follows the connection to an upstream: since when it cannot be used, and why."""

import asyncio
import logging
import math
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import grpc

POLL_SECONDS = 0.1
"""How often the state is checked, in seconds. A shorter one may be missed."""

LOOK_SECONDS = 10.0
"""How often the cause is checked while it lasts."""

CONNECT_SECONDS = 1.0
"""A longer attempt to connect counts as a failure, with no cause known yet."""

_IDLE = grpc.ChannelConnectivity.IDLE
_READY = grpc.ChannelConnectivity.READY
_CONNECTING = grpc.ChannelConnectivity.CONNECTING
_FAILING = grpc.ChannelConnectivity.TRANSIENT_FAILURE
_SHUTDOWN = grpc.ChannelConnectivity.SHUTDOWN

Why = Callable[[], Awaitable[str]]
"""Returns why a channel has no connection."""

_logger = logging.getLogger(__name__)


class UpstreamObserver:
    """Follows an upstream's state. A subclass overrides what it needs."""

    def watched(self, upstream: "UpstreamWatch") -> None:
        """An upstream is followed from now on."""

    def unusable(self, upstream: "UpstreamWatch") -> None:
        """It cannot be used any more, and the cause is known as far as it can be."""

    def still_unusable(self, upstream: "UpstreamWatch") -> None:
        """Nor can it `LOOK_SECONDS` later."""

    def usable(self, upstream: "UpstreamWatch", seconds: float) -> None:
        """It can again, after so many seconds."""


class UpstreamWatch:
    """One upstream and its channel.

    Attributes:
        name: what the options call it.
        target: where it is.
        state: the channel's.
        is_ready: whether calls are sent at once.
        cause: why it is unusable, in words that may name addresses. Empty while it is usable.
        since: when it became unusable, in seconds of the epoch.
        reconnects: how many times it has become ready again.
    """

    def __init__(  # noqa: PLR0913  # what is followed, and by whom
        self,
        name: str,
        target: str,
        channel: grpc.aio.Channel,
        why: Why,
        observers: Sequence[UpstreamObserver] = (),
        *,
        keeps_connected: bool = False,
    ) -> None:
        """Begins to follow a channel, on the running event loop.

        Args:
            name: what the options call the upstream.
            target: where it is.
            channel: to it.
            why: returns why the channel has no connection.
            observers: called at each change.
            keeps_connected: it connects even without calls.
        """
        self.name = name
        self.target = target
        self.state = _IDLE
        self.is_ready = False
        self.cause = ""
        self.since = 0.0
        self.reconnects = 0
        self._channel = channel
        self._why = why
        self._observers = observers
        self._keeps_connected = keeps_connected
        self._was_ready = False
        self._began: float | None = None
        self._next_look = math.inf
        self._waiting: set[Any] = set()
        self._notify("watched")
        self._following = asyncio.create_task(self._follow())

    @property
    def waiting(self) -> int:
        """How many calls have begun since it was ready, and are not over."""
        return len(self._waiting)

    @property
    def words(self) -> str:
        """How it is now."""
        where = f"{self.name} at {self.target}"
        if self._began is not None:
            return f"{where}: {self.cause}, for {self._seconds():.1f} s"
        return f"{where}: connected" if self.is_ready else f"{where}: not connected yet"

    def wait(self, call: Any) -> None:
        """Counts a call begun while it is not ready."""
        self._waiting.add(call)
        call.add_done_callback(self._waiting.discard)

    async def close(self) -> None:
        """Follows it no longer."""
        self._following.cancel()
        await asyncio.wait({self._following})

    async def _follow(self) -> None:
        # Not by `wait_for_state_change`: what grpcio begins there ends with the channel's memory,
        # and may reach an event loop that is closed by then.
        while (state := self._channel.get_state(self._keeps_connected)) is not _SHUTDOWN:
            if state is not self.state:
                self._change(state)
            if not self.is_ready and self._is_due():
                await self._look()
            await asyncio.sleep(POLL_SECONDS)

    def _change(self, state: grpc.ChannelConnectivity) -> None:
        self.state = state
        self.is_ready = state is _READY
        if self.is_ready:
            self._became_ready()
        elif self._began is None:
            wait = {_CONNECTING: CONNECT_SECONDS, _FAILING: 0.0}.get(state, math.inf)
            self._next_look = time.monotonic() + wait

    def _is_due(self) -> bool:
        return time.monotonic() >= self._next_look

    async def _look(self) -> None:
        """Finds out the cause."""
        self.cause = await self._why()
        self._next_look = time.monotonic() + LOOK_SECONDS
        if self._began is not None:
            self._notify("still_unusable")
            return
        self._began = time.monotonic()
        self.since = time.time()
        self._notify("unusable")

    def _became_ready(self) -> None:
        self._waiting.clear()
        self.reconnects += self._was_ready
        self._was_ready = True
        if self._began is not None:
            seconds = self._seconds()
            self._began, self.cause = None, ""
            self._notify("usable", seconds)

    def _seconds(self) -> float:
        return 0.0 if self._began is None else time.monotonic() - self._began

    def _notify(self, event: str, *details: float) -> None:
        for observer in self._observers:
            try:
                getattr(observer, event)(self, *details)
            except Exception:  # an observer must not keep the others from hearing
                _logger.exception("an observer of upstreams failed")
