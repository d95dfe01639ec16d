"""What happened at each hop of a call, read from the servers' logs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rpc.core.errors import StartupError

from testing.processes import ServerProcess

_HEADINGS = ("hop", "method", "code", "duration", "deadline left")


class MissingHopError(StartupError):
    """A call did not come to a server it should have come to. The message says which."""


@dataclass(frozen=True, slots=True)
class Hop:
    """One server's part in a call.

    Attributes:
        server: its name.
        method: the method called on it.
        code: its response's status.
        duration: how long it took, in milliseconds.
        deadline: how long it could have taken, in milliseconds.
        request_id: the call's.
    """

    server: str
    method: str
    code: str
    duration: float
    deadline: float
    request_id: str


def last_call(servers: Mapping[str, ServerProcess]) -> list[Hop]:
    """The way of the last call through the servers, given by name in the order of the chain.

    Raises:
        MissingHopError: it did not come to all of them under the same request id.
    """
    hops = [_last_hop(name, server) for name, server in servers.items()]
    for hop in hops:
        if hop.request_id != hops[0].request_id:
            raise MissingHopError(f"request {hops[0].request_id} is not in the log of {hop.server}")
    return hops


def _last_hop(name: str, server: ServerProcess) -> Hop:
    calls = server.calls()
    if not calls:
        raise MissingHopError(f"no call in the log of {name}")
    call = calls[-1]
    method = call["method"].rpartition("/")[2]
    duration, deadline = call["duration_ms"], call["deadline_ms"]
    return Hop(name, method, call["code"], duration, deadline, call["request_id"])


def table(hops: Sequence[Hop]) -> str:
    """The hops as a table for people, a line each."""
    rows = [_HEADINGS, *map(_row, hops)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADINGS))]
    return "\n".join(_line(row, widths) for row in rows)


def _row(hop: Hop) -> tuple[str, ...]:
    duration, deadline = f"{hop.duration:.1f} ms", f"{hop.deadline:.0f} ms"
    return (hop.server, hop.method, hop.code, duration, deadline)


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    server, method, code, duration, deadline = widths
    return (
        f"{row[0]:<{server}}  {row[1]:<{method}}  {row[2]:<{code}}"
        f"  {row[3]:>{duration}}  {row[4]:>{deadline}}"
    )
