"""A process's use of the machine: descriptors, threads, memory."""

from dataclasses import dataclass

import psutil

from testing.processes import ServerProcess

_MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class Footprint:
    """A process's use at one moment.

    Attributes:
        descriptors: open file descriptors, sockets among them.
        threads: its threads.
        megabytes: resident memory.
    """

    descriptors: int
    threads: int
    megabytes: float

    def __str__(self) -> str:
        """The three figures."""
        return f"{self.descriptors} descriptors, {self.threads} threads, {self.megabytes:.1f} MB"


def footprint(server: ServerProcess) -> Footprint:
    """The current footprint of a server."""
    process = psutil.Process(server.pid)
    with process.oneshot():
        megabytes = process.memory_info().rss / _MEGABYTE
        return Footprint(process.num_fds(), process.num_threads(), megabytes)
