"""Calls refused without a line of the log for each."""

from rpc.telemetry.log_pace import LogPace
from rpc.telemetry.log_setup import get_logger


class ShedCalls:
    """Logs them, some at a time."""

    def __init__(self) -> None:
        self._paces: dict[str, LogPace] = {}

    def report(self, calls: int, why: str) -> None:
        """Notes so many calls. There are few reasons."""
        if times := self._paces.setdefault(why, LogPace()).count(calls):
            get_logger().warning("calls shed", why=why, times=times)
