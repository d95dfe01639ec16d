"""A load on one server: what is asked for, and what came of it."""

from collections.abc import Callable
from dataclasses import dataclass

METHOD = "/user.Orchestrator1Service/GetUserByName"
NAME = "krithik"
CONNECTIONS = 8
"""Most connections for a load."""


class LoadError(Exception):
    """A response was wrong or missing, or the generator failed. The figures are void."""


@dataclass(frozen=True, slots=True)
class Load:
    """A load put on a server, with a right response to every call.

    Attributes:
        seconds: from the first call to the last response.
        latencies: milliseconds of each call, sorted.
    """

    seconds: float
    latencies: list[float]

    @property
    def rate(self) -> float:
        """Calls a second."""
        return len(self.latencies) / self.seconds


@dataclass(frozen=True, slots=True)
class Generator:
    """A generator of load.

    Attributes:
        name: for the report.
        closed: puts `calls` calls, so many at a time, on the server at an address.
        open: puts calls on it at the given moments (seconds from the start), answered or not.
    """

    name: str
    closed: Callable[[str, int, int], Load]
    open: Callable[[str, list[float]], Load]
