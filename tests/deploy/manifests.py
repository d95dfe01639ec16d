"""The containers' commands of //deploy, run here: the real programs, on loopback."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager

from testing.processes import ServerProcess, running
from tests.support.client import PATIENCE, run_client

Started = Callable[[str, str | None], AbstractContextManager[ServerProcess]]
"""Starts a server by name, with the address of its upstream, or None."""

CHAIN = {"orc1": "orc2", "orc2": "mock-data", "mock-data": None}
"""The required servers, with the upstream of each."""


def calls(upstreams: Mapping[str, str | None]) -> list[tuple[str, str]]:
    """The callers among servers, each with its upstream."""
    return [(name, called) for name, called in upstreams.items() if called is not None]


@contextmanager
def running_all(
    upstreams: Mapping[str, str | None], start: Started
) -> Iterator[dict[str, ServerProcess]]:
    """Starts servers, each after its upstream.

    Args:
        upstreams: each server's upstream by name, or None.
        start: starts one server.
    """
    servers: dict[str, ServerProcess] = {}

    def start_with_upstream(name: str) -> ServerProcess:
        if name not in servers:
            upstream = upstreams[name]
            address = None if upstream is None else local(start_with_upstream(upstream).address)
            servers[name] = stack.enter_context(start(name, address))
        return servers[name]

    with ExitStack() as stack:
        for name in upstreams:
            start_with_upstream(name)
        yield servers


@contextmanager
def running_command(command: list[str], places: Mapping[str, str]) -> Iterator[ServerProcess]:
    """Starts the server of a container's command, with the command's arguments.

    It listens on all of this machine's addresses, as in the container. So a server's demands for
    this (TLS, or a permission) apply here too.

    Args:
        command: of the container.
        places: words in its arguments with other values here, such as a folder.
    """
    name, *arguments = command
    ports = {f"0.0.0.0:{port}": "0.0.0.0:0" for port in _ports(arguments)}
    with running(f"services/{name}", *replaced(arguments, {**ports, **places})) as server:
        yield server


def check_health(command: list[str], places: Mapping[str, str]) -> bytes:
    """Runs a container's health check and returns what it printed.

    Raises:
        AssertionError: it failed. The message is its output.
    """
    program, *arguments = command
    assert program == "client"
    # A test's machine may be slower than a container.
    ended = run_client(*replaced(arguments, places), *PATIENCE)
    assert ended.returncode == 0, ended
    return ended.stdout


def replaced(arguments: list[str], places: Mapping[str, str]) -> list[str]:
    """The arguments with all places replaced."""
    for place, here in places.items():
        arguments = [argument.replace(place, here) for argument in arguments]
    return arguments


def option(command: list[str], name: str) -> str | None:
    """Value of an option in a command, given as `--name=value`, or None if it is not there."""
    prefix = f"--{name}="
    values = [word.removeprefix(prefix) for word in command if word.startswith(prefix)]
    return values[-1] if values else None


def upstream(command: list[str]) -> str | None:
    """Name of the upstream of a command's server, if any."""
    target = option(command, "upstream")
    return None if target is None else target.removeprefix("dns:///").rpartition(":")[0]


def port(command: list[str]) -> int:
    """The port of a command's server."""
    address = option(command, "listen")
    assert address is not None
    return int(address.rpartition(":")[2])


def local(address: str) -> str:
    """A loopback address for a server on all addresses."""
    return address.replace("0.0.0.0:", "127.0.0.1:")


def _ports(arguments: list[str]) -> list[str]:
    addresses = [option(arguments, "listen"), option(arguments, "metrics-address")]
    return [address.rpartition(":")[2] for address in addresses if address]
