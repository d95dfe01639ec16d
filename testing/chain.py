"""The whole chain, each server in a process of its own."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, fields

from testing.processes import ServerProcess, running

Start = Callable[..., AbstractContextManager[ServerProcess]]
"""Starts a server, given its name and the arguments that wire it up."""


@dataclass(frozen=True, slots=True)
class Chain:
    """The three servers, wired up, in the order in which a call comes to them."""

    orc1: ServerProcess
    orc2: ServerProcess
    mock_data: ServerProcess

    @property
    def servers(self) -> dict[str, ServerProcess]:
        """The servers by their names."""
        return {name: getattr(self, name) for name in NAMES}


NAMES = tuple(field.name for field in fields(Chain))


@contextmanager
def wired(start: Start) -> Iterator[Chain]:
    """Starts the chain, its last server first."""
    with (
        start("mock_data") as mock_data,
        start("orc2", "--upstream", mock_data.address) as orc2,
        start("orc1", "--upstream", orc2.address) as orc1,
    ):
        yield Chain(orc1, orc2, mock_data)


@contextmanager
def running_chain(
    *,
    orc1: Sequence[str] = (),
    orc2: Sequence[str] = (),
    mock_data: Sequence[str] = (),
    folder: str = "services",
    environment: Mapping[str, str] | None = None,
) -> Iterator[Chain]:
    """Starts the chain on free ports.

    Args:
        orc1: further arguments of orc1.
        orc2: those of orc2.
        mock_data: those of mock_data.
        folder: of the programs.
        environment: variables to set for each.
    """
    further = {"orc1": orc1, "orc2": orc2, "mock_data": mock_data}

    def start(name: str, *arguments: str) -> AbstractContextManager[ServerProcess]:
        arguments = (*arguments, *further[name])
        return running(f"{folder}/{name}", *arguments, environment=environment)

    with wired(start) as chain:
        yield chain
