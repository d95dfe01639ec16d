"""What more processes on one port give: one hop alone, on one process and on several, in turns."""

import os
import sys
from contextlib import ExitStack
from dataclasses import dataclass

import click

from bench import contenders
from bench.choice import GENERATOR, calls, choose_generator, rounds
from bench.figures import figure, ratio
from bench.load import Generator, LoadError
from bench.machine import facts, in_words
from bench.markdown import markdown
from bench.report import with_range
from bench.servers import cpu_seconds, running
from testing.processes import ServerProcess, StartError

METHOD = "/user.MockUserDataService/GetMockUserData"
IN_FLIGHT = 128

# The kernel deals connections out to the processes by a hash: with 64 the shares are nearly even.
CONNECTIONS = 64

WARM_UP = IN_FLIGHT * 8


@dataclass(frozen=True, slots=True)
class Measured:
    """A round.

    Attributes:
        rate: calls a second.
        cores: cores kept busy by the processes.
    """

    rate: float
    cores: float


@click.command(name="workers")
@click.option(
    "--processes",
    type=click.IntRange(min=2),
    default=2,
    show_default=True,
    help="How many to compare with one.",
)
@rounds(7, of="each")
@calls(12800, IN_FLIGHT)
@GENERATOR
def main(*, processes: int, rounds: int, calls: int, generator: str) -> None:
    """Measure mock_data alone: one process, and several that share its port."""
    load = choose_generator(generator, METHOD, CONNECTIONS)
    calls -= calls % IN_FLIGHT
    measured: dict[int, list[Measured]] = {1: [], processes: []}
    try:
        for number in range(rounds):
            # In turns, so that what slows the machine for a while slows both.
            for count in sorted(measured, reverse=bool(number % 2)):
                print(f"round {number + 1} of {rounds}: {count}", file=sys.stderr, flush=True)
                measured[count].append(_measure(count, calls, load))
    except (LoadError, StartError) as error:
        raise click.ClickException(str(error)) from error
    print(in_words({**facts(), "by": load.name}))
    print(f"\n{markdown(table(measured))}")


def _measure(count: int, calls: int, load: Generator) -> Measured:
    with ExitStack() as stack:
        servers = _sharing(count, stack)
        address = servers[0].address
        load.closed(address, IN_FLIGHT, WARM_UP)
        before = sum(map(cpu_seconds, servers))
        done = load.closed(address, IN_FLIGHT, calls)
        used = sum(map(cpu_seconds, servers)) - before
        return Measured(done.rate, used / done.seconds)


def _sharing(count: int, stack: ExitStack) -> list[ServerProcess]:
    """Starts so many processes on one port. The first of them finds it."""
    program, listen = str(contenders.root() / "services/mock_data/mock_data"), "127.0.0.1:0"
    servers: list[ServerProcess] = []
    for _ in range(count):
        command = [program, "--reuse-port", "--listen", listen]
        servers.append(stack.enter_context(running(command)))
        listen = servers[0].address
    return servers


def table(measured: dict[int, list[Measured]]) -> list[list[str]]:
    """Throughput, its ratio to one process, and cores in use, header first."""
    header = ["processes", "calls/s", "over one process", f"cores busy, of {os.cpu_count()}"]
    return [header, *(_row(count, measured) for count in measured)]


def _row(count: int, measured: dict[int, list[Measured]]) -> list[str]:
    rates, alone = ([one.rate for one in measured[key]] for key in (count, 1))
    cores = [one.cores for one in measured[count]]
    figures = [figure(rates), ratio(rates, alone), figure(cores)]
    return [str(count), *map(with_range, figures)]


if __name__ == "__main__":
    main()
