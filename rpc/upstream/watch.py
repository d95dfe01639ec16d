"""Follows the connection to an upstream: since when it cannot be used, and why."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import grpc

LOOK_SECONDS = 10.0
"""How often the cause is looked at while it lasts."""

CONNECT_SECONDS = 1.0
"""An attempt to connect that takes longer counts as a failure that has no cause yet."""

_IDLE = grpc.ChannelConnectivity.IDLE
_READY = grpc.ChannelConnectivity.READY
_CONNECTING = grpc.ChannelConnectivity.CONNECTING
_FAILING = grpc.ChannelConnectivity.TRANSIENT_FAILURE
_SHUTDOWN = grpc.ChannelConnectivity.SHUTDOWN

Why = Callable[[], Awaitable[str]]
"""Says why a channel has no connection."""

_logger = logging.getLogger(__name__)


class UpstreamObserver:
    """Is told what becomes of an upstream. A subclass overrides what it needs."""

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
        cause: why it cannot be used, in words that may name addresses. Empty while it can.
        since: when that began, in seconds of the epoch.
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
            why: says why the channel has no connection.
            observers: are told.
            keeps_connected: it connects without a call that needs it.
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
        self._next_look = 0.0
        self._waiting: set[Any] = set()
        self._tell("watched")
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
        """Counts a call that has begun while it is not ready."""
        self._waiting.add(call)
        call.add_done_callback(self._waiting.discard)

    async def close(self) -> None:
        """Follows it no longer."""
        self._following.cancel()
        await asyncio.wait({self._following})

    async def _follow(self) -> None:
        while (state := self._channel.get_state(self._keeps_connected)) is not _SHUTDOWN:
            self.state = state
            self.is_ready = state is _READY
            changed = asyncio.ensure_future(self._channel.wait_for_state_change(state))
            # It outlives its channel's end, and this task.
            changed.add_done_callback(_forget_error)
            if self.is_ready:
                self._became_ready()
            else:
                await self._look(state, changed)
            await asyncio.wait({changed})

    async def _look(self, state: grpc.ChannelConnectivity, changed: "asyncio.Future[None]") -> None:
        """Finds out the cause, again and again until the state is another."""
        if self._began is None:
            if state is _IDLE:
                return
            self._next_look = time.monotonic() + (0.0 if state is _FAILING else CONNECT_SECONDS)
        while not await _done(changed, self._next_look - time.monotonic()):
            await self._look_once(changed)

    async def _look_once(self, changed: "asyncio.Future[None]") -> None:
        cause = await self._why()
        if changed.done():
            return
        self.cause = cause
        self._next_look = time.monotonic() + LOOK_SECONDS
        if self._began is not None:
            self._tell("still_unusable")
            return
        self._began = time.monotonic()
        self.since = time.time()
        self._tell("unusable")

    def _became_ready(self) -> None:
        self._waiting.clear()
        self.reconnects += self._was_ready
        self._was_ready = True
        if self._began is not None:
            seconds = self._seconds()
            self._began, self.cause = None, ""
            self._tell("usable", seconds)

    def _seconds(self) -> float:
        return 0.0 if self._began is None else time.monotonic() - self._began

    def _tell(self, event: str, *details: float) -> None:
        for observer in self._observers:
            try:
                getattr(observer, event)(self, *details)
            except Exception:  # an observer must not keep the others from hearing
                _logger.exception("an observer of upstreams failed")


async def _done(changed: "asyncio.Future[None]", seconds: float) -> bool:
    """Whether a state has changed, after so many seconds at most."""
    if seconds > 0:
        await asyncio.wait({changed}, timeout=seconds)
    return changed.done()


def _forget_error(changed: "asyncio.Future[None]") -> None:
    if not changed.cancelled():
        changed.exception()
