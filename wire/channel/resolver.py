"""From a target's name to addresses, again whenever connections fail."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from threading import Thread
from typing import TYPE_CHECKING, Protocol

from wire.channel.target import Address

if TYPE_CHECKING:
    from wire.channel.target import Target


class ResolverListener(Protocol):
    """Is called when a name is resolved."""

    def addresses_resolved(self, addresses: tuple[Address, ...]) -> None:
        """What the name stands for now. There is at least one."""

    def resolution_failed(self, error: str) -> None:
        """The resolver found no addresses."""


class Resolver:
    """Looks a target up on demand, not more often than its interval."""

    def __init__(self, target: Target, interval: float, listener: ResolverListener) -> None:
        self._target = target
        self._interval = interval
        self._listener = listener
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._last = float("-inf")
        self._looking = False
        self._closed = False

    def resolve(self) -> None:
        """Look the target up, now or as soon as the interval allows it."""
        if self._target.name is None:
            if self._last < 0:
                self._last = self._loop.time()
                self._listener.addresses_resolved(self._target.addresses)
            return
        if self._looking or self._timer is not None or self._closed:
            return
        pause = self._last + self._interval - self._loop.time()
        if pause > 0:
            self._timer = self._loop.call_later(pause, self._look)
        else:
            self._look()

    def close(self) -> None:
        """Call the listener no more."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()

    def _look(self) -> None:
        self._timer = None
        self._looking = True
        self._last = self._loop.time()
        # A daemon thread, because a resolver may take its time and must not hold up the exit.
        thread = Thread(target=self._look_up, name="resolve", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:
            self._loop.call_soon(self._report, (), f"the name cannot be resolved: {error}")

    def _look_up(self) -> None:
        assert self._target.name is not None  # noqa: S101 - a type checker's hint
        host, port = self._target.name
        answer: tuple[Address, ...] = ()
        error = "the name has no address"
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            answer = tuple(
                dict.fromkeys(Address(str(entry[4][0]), int(entry[4][1])) for entry in found)
            )
        except (OSError, ValueError) as failure:
            # ValueError: the name can be none at all.
            reason = getattr(failure, "strerror", None) or str(failure)
            error = f"the name {host!r} cannot be resolved: {reason}"
        # The loop may be closed by now.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._report, answer, error)

    def _report(self, addresses: tuple[Address, ...], error: str) -> None:
        self._looking = False
        if self._closed:
            return
        if addresses:
            self._listener.addresses_resolved(addresses)
        else:
            self._listener.resolution_failed(error)
