"""The whole chain, each server in a process of its own."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from tests.support.processes import ServerProcess, running


@dataclass(frozen=True, slots=True)
class Chain:
    """The three servers, wired up."""

    orc1: ServerProcess
    orc2: ServerProcess
    mock_data: ServerProcess

    @property
    def servers(self) -> dict[str, ServerProcess]:
        """The servers by their names."""
        return {"orc1": self.orc1, "orc2": self.orc2, "mock_data": self.mock_data}


@contextmanager
def running_chain(
    *,
    orc1: Sequence[str] = (),
    orc2: Sequence[str] = (),
    mock_data: Sequence[str] = (),
) -> Iterator[Chain]:
    """Starts the chain on free ports, each server with further arguments of its own."""
    with (
        running("services/mock_data", *mock_data) as third,
        running("services/orc2", "--upstream", third.address, *orc2) as second,
        running("services/orc1", "--upstream", second.address, *orc1) as first,
    ):
        yield Chain(first, second, third)
