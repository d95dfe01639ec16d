"""A chain with several replicas at each hop. Each can be stopped and started again."""

import asyncio
import signal
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from testing.addresses import REUSE_PORT, reserved_address
from testing.processes import ServerProcess, running


@dataclass(slots=True)
class Replica:
    """A server with the same address over restarts.

    Attributes:
        name: the program, as in `services/orc2`.
        address: where it serves.
        arguments: for its command line.
        server: its process, or the last one while it is stopped.
    """

    name: str
    address: str
    arguments: tuple[str, ...]
    _stack: ExitStack = field(default_factory=ExitStack)
    _server: ServerProcess | None = None

    @property
    def server(self) -> ServerProcess:
        """Its process."""
        assert self._server is not None, "it was never started"
        return self._server

    def start(self) -> None:
        """Starts it and waits until it serves."""
        listen = ("--listen", self.address, REUSE_PORT)
        self._server = self._stack.enter_context(running(self.name, *listen, *self.arguments))

    def kill(self) -> None:
        """Ends it by SIGKILL."""
        self.server.signal(signal.SIGKILL)
        self.server.wait()

    async def restart(self) -> int:
        """Sends SIGTERM, starts it again, and returns the first process's exit code."""
        code = await asyncio.to_thread(self.server.stop)
        await asyncio.to_thread(self.start)
        return code

    def close(self) -> None:
        """Ends all of its processes."""
        self._stack.close()


@contextmanager
def replicas(name: str, count: int, *arguments: str) -> Iterator[list[Replica]]:
    """Starts this many replicas of a server, each with the same further arguments."""
    with ExitStack() as stack:
        made = []
        for _ in range(count):
            address = stack.enter_context(reserved_address())
            replica = Replica(name, address, arguments)
            stack.callback(replica.close)
            replica.start()
            made.append(replica)
        yield made


def target(members: Sequence[Replica]) -> str:
    """The gRPC target for calls shared between the replicas."""
    return "ipv4:" + ",".join(replica.address for replica in members)


@dataclass(frozen=True, slots=True)
class ReplicatedChain:
    """One orc1 before two orc2 before two mock_data."""

    orc1: ServerProcess
    orc2: list[Replica]
    mock_data: list[Replica]


@contextmanager
def replicated_chain(
    *, orc1: Sequence[str] = (), orc2: Sequence[str] = (), mock_data: Sequence[str] = ()
) -> Iterator[ReplicatedChain]:
    """Starts this chain, each server with its own further arguments."""
    with ExitStack() as stack:
        third = stack.enter_context(replicas("services/mock_data", 2, *mock_data))
        upstream = ("--upstream", target(third))
        second = stack.enter_context(replicas("services/orc2", 2, *upstream, *orc2))
        upstream = ("--upstream", target(second))
        first = stack.enter_context(running("services/orc1", *upstream, *orc1))
        yield ReplicatedChain(first, second, third)
