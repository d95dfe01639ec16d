"""Has a server's health follow its upstreams'."""

import asyncio

from rpc.server.health import HealthServicer
from rpc.upstream.watch import UpstreamObserver, UpstreamWatch


class HealthFollows(UpstreamObserver):
    """Reports NOT_SERVING for the services once an upstream has been unusable for its time."""

    def __init__(self, health: HealthServicer, seconds: float) -> None:
        """Follows one upstream.

        Args:
            health: the health servicer.
            seconds: how long the upstream may be unusable.
        """
        self._health = health
        self._seconds = seconds
        self._timer: asyncio.TimerHandle | None = None

    def unusable(self, upstream: UpstreamWatch) -> None:
        """Waits for as long as the upstream may be unusable."""
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self._seconds, self._health.upstream_unusable, upstream.name)

    def usable(self, upstream: UpstreamWatch, seconds: float) -> None:
        """Reports SERVING again."""
        if self._timer is not None:
            self._timer.cancel()
        self._health.upstream_usable(upstream.name)
