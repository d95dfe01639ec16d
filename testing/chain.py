"""The whole chain, each server in a process of its own."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from functools import partial

from testing.processes import ServerProcess, running


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
    start = partial(running, environment=environment)
    with (
        start(f"{folder}/mock_data", *mock_data) as third,
        start(f"{folder}/orc2", "--upstream", third.address, *orc2) as second,
        start(f"{folder}/orc1", "--upstream", second.address, *orc1) as first,
    ):
        yield Chain(first, second, third)
