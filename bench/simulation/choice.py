"""Chooses a caller's server: round robin, without those known to be away or to fail."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import simpy

from bench.simulation.server import Code, Condition, Server


@dataclass(frozen=True, slots=True, kw_only=True)
class Ejection:
    """Outlier detection by the share of failures, after gRFC A50, with its defaults but one.

    Attributes:
        interval: seconds between two looks.
        failures: least share of failures to leave a server out. A50 says 0.85.
        volume: least calls in an interval to judge a server.
        seconds: for how long it is left out.
        most: largest share of servers left out.
    """

    interval: float = 10.0
    failures: float = 0.5
    volume: int = 50
    seconds: float = 30.0
    most: float = 0.1


class RoundRobin:
    """Takes the servers in turns."""

    def __init__(
        self,
        environment: simpy.Environment,
        servers: Sequence[Server],
        *,
        noticed_after: float,
        ejection: Ejection | None = None,
    ) -> None:
        """Takes the servers.

        Args:
            environment: simulated time.
            servers: to choose from.
            noticed_after: seconds until callers know that a silent server is away. They know a dead
                one at its first refusal.
            ejection: leaves failing servers out. None for never.
        """
        self._environment = environment
        self._servers = list(servers)
        self._noticed_after = noticed_after
        self._ejection = ejection
        self._next = 0
        self._silent_since: dict[Server, float] = {}
        self._left_out: dict[Server, float] = {}
        self._ends: Counter[tuple[Server, bool]] = Counter()
        self._look_at = 0.0 if ejection is None else ejection.interval

    def pick(self) -> Server:
        """The next server believed to be sound. Any, if there is none."""
        for _ in self._servers:
            server = self._turn()
            if self._is_believed(server):
                return server
        return self._turn()

    def ended(self, server: Server, code: Code) -> None:
        """A call of a server has ended."""
        if self._ejection is not None:
            self._ends[server, code is Code.OK] += 1
            if self._environment.now >= self._look_at:
                self._look(self._ejection)

    def _turn(self) -> Server:
        self._next = (self._next + 1) % len(self._servers)
        return self._servers[self._next]

    def _is_believed(self, server: Server) -> bool:
        now = self._environment.now
        if now < self._left_out.get(server, 0.0):
            return False
        if server.condition is Condition.SOUND:
            self._silent_since.pop(server, None)
            return True
        since = self._silent_since.setdefault(server, now)
        patience = self._noticed_after if server.condition is Condition.SILENT else 0.0
        return now - since <= patience

    def _look(self, ejection: Ejection) -> None:
        now = self._environment.now
        allowed = int(ejection.most * len(self._servers))
        for server in self._servers:
            failed, good = self._ends[server, False], self._ends[server, True]
            is_out = sum(now < until for until in self._left_out.values())
            busy = failed + good >= ejection.volume
            if busy and failed >= ejection.failures * (failed + good) and is_out < allowed:
                self._left_out[server] = now + ejection.seconds
        self._ends.clear()
        self._look_at = now + ejection.interval
