"""The chain is wired from its end, whatever starts its servers."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from testing.chain import wired
from testing.processes import ServerProcess


class Address:
    """All of a server that the wiring asks for."""

    def __init__(self, name: str) -> None:
        self.address = f"{name}:1"


def test_each_server_gets_the_address_of_the_next() -> None:
    steps = []

    @contextmanager
    def start(name: str, *arguments: str) -> Iterator[ServerProcess]:
        steps.append(" ".join([name, *arguments]))
        yield cast("ServerProcess", Address(name))
        steps.append(f"{name} stops")

    with wired(start) as chain:
        assert list(chain.servers) == ["orc1", "orc2", "mock_data"]
        assert chain.orc1.address == "orc1:1"
    assert steps == [
        "mock_data",
        "orc2 --upstream mock_data:1",
        "orc1 --upstream orc2:1",
        *("orc1 stops", "orc2 stops", "mock_data stops"),
    ]
