"""Lines of the log about unusable upstreams."""

from rpc.telemetry.log_lines import iso_time
from rpc.telemetry.log_pace import LogPace
from rpc.telemetry.log_setup import get_logger
from rpc.upstream.watch import UpstreamObserver, UpstreamWatch


class UpstreamLog(UpstreamObserver):
    """Writes a line when an upstream becomes unusable, while calls wait for it, and at its return.

    A flapping upstream has both lines once in `rpc.telemetry.log_pace.LOG_SECONDS`.
    """

    def __init__(self) -> None:
        self._paces: dict[str, LogPace] = {}
        self._told: set[str] = set()

    def watched(self, upstream: UpstreamWatch) -> None:
        """Has a pace of its own for each."""
        self._paces[upstream.name] = LogPace()

    def unusable(self, upstream: UpstreamWatch) -> None:
        """Writes the first line."""
        if times := self._paces[upstream.name].count():
            self._told.add(upstream.name)
            fields = {} if times == 1 else {"times": times}
            self._warn("upstream unusable", upstream, **fields)

    def still_unusable(self, upstream: UpstreamWatch) -> None:
        """Writes a line if anybody is waiting."""
        if upstream.waiting:
            self._told.add(upstream.name)
            self._warn("upstream still unusable", upstream)

    def usable(self, upstream: UpstreamWatch, seconds: float) -> None:
        """Writes the last line, if there was a first one."""
        if upstream.name in self._told:
            self._told.remove(upstream.name)
            get_logger().info(
                "upstream usable",
                upstream=upstream.name,
                target=upstream.target,
                seconds=round(seconds, 3),
            )

    @staticmethod
    def _warn(event: str, upstream: UpstreamWatch, **fields: int) -> None:
        get_logger().warning(
            event,
            upstream=upstream.name,
            target=upstream.target,
            cause=upstream.cause,
            since=iso_time(upstream.since),
            calls_waiting=upstream.waiting,
            **fields,
        )
