"""Connections between many callers and many servers, with and without subsets."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from heapq import nsmallest


@dataclass(frozen=True, slots=True)
class Mesh:
    """What callers and servers hold.

    Attributes:
        connections: in all. Each has a health Watch.
        of_a_server: on average.
        most: of the server with the most.
    """

    connections: int
    of_a_server: float
    most: int


def mesh(callers: int, servers: int, subset: int | None = None) -> Mesh:
    """Counts the connections.

    Args:
        callers: each connects to all servers, or to a subset of its own.
        servers: their number.
        subset: size of a subset. None for all servers.
    """
    if subset is None or subset >= servers:
        return Mesh(callers * servers, float(callers), callers)
    held = Counter(
        server for caller in range(callers) for server in rendezvous(caller, servers, subset)
    )
    return Mesh(callers * subset, callers * subset / servers, max(held.values()))


def rendezvous(caller: int, servers: int, subset: int) -> Iterator[int]:
    """The servers of a caller: those with the smallest hashes of both names (gRFC A68).

    A coming or going server changes one connection of its own callers, and none of the others'.
    """
    return iter(nsmallest(subset, range(servers), key=lambda server: _hash(caller, server)))


def _hash(caller: int, server: int) -> bytes:
    return blake2b(b"%d/%d" % (caller, server), digest_size=8).digest()
