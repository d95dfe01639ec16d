"""What each feature costs: the chain with it and without it, in turns, in microseconds a call."""

import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click

from bench import contenders
from bench.checking import checking
from bench.choice import GENERATOR, calls, choose_generator, rounds
from bench.contenders import Contender
from bench.figures import Figure, figure
from bench.load import Generator, LoadError
from bench.machine import facts, in_words
from bench.markdown import markdown
from bench.servers import ROLES, cpu_seconds, running_chain
from bench.without import PARTS
from testing.collector import collecting
from testing.processes import StartError

IN_FLIGHT = 64
HOPS = len(ROLES)

DEFAULTS = "all defaults"
BARE = "bare grpc.aio"
TUNED = "bare grpc.aio, our event loop and poller"
BARE_WIRE = "bare wire"


@dataclass(frozen=True, slots=True)
class Feature:
    """One feature, as the difference between two ways to run the chain.

    Attributes:
        name: what the table calls it.
        on: the contender with it.
        off: the contender without it.
        hops: of how many hops it is a part.
    """

    name: str
    on: str
    off: str
    hops: int = HOPS


@click.command(name="features")
@rounds(7, of="each way to run the chain")
@calls(3200, IN_FLIGHT)
@GENERATOR
@click.option(
    "--transport",
    type=click.Choice(["wire", "grpcio"]),
    default="wire",
    show_default=True,
    help="What carries the calls.",
)
def main(*, rounds: int, calls: int, generator: str, transport: str) -> None:
    """Measure what each feature costs, in microseconds of CPU time for each call and hop.

    A feature whose range has 0 in it costs less than this run could see.
    """
    load = choose_generator(generator)
    try:
        with tempfile.TemporaryDirectory() as folder, _ways(Path(folder), transport) as ways:
            spent = _measure(ways, rounds, calls, load)
    except (LoadError, StartError) as error:
        raise click.ClickException(str(error)) from error
    print(in_words({**facts(), "by": load.name}))
    print(f"\n{markdown(table(spent, transport))}")


@contextmanager
def _ways(folder: Path, transport: str) -> Iterator[list[Contender]]:
    """The ways to run the chain. A collector for traces runs while the context is open."""
    carried = ("--transport", transport)
    tls = contenders.make_tls(folder)

    def chain(name: str, *options: str) -> Contender:
        return contenders.chain(name, contenders.root(), (*carried, *options))

    with collecting() as collector:
        yield [
            chain(DEFAULTS),
            *(_without(transport, part) for part in PARTS),
            chain("JSON log", "--log-format", "json"),
            chain("metrics", "--metrics-address", "127.0.0.1:0"),
            chain("tracing", "--otlp-endpoint", collector.endpoint),
            contenders.with_tls(chain("TLS"), tls, entrance=False),
            contenders.with_tls(chain("mTLS"), tls, entrance=False, mutual=True),
            *_bare(transport),
        ]


def _bare(transport: str) -> list[Contender]:
    if transport == "wire":
        return [contenders.peer(BARE_WIRE, "bare_wire")]
    return [contenders.peer(BARE), contenders.peer(TUNED, "tuned_aio")]


def features(transport: str) -> list[Feature]:
    """The features, those on by default first."""
    by_default = [Feature(part, DEFAULTS, f"without {part}") for part in PARTS]
    # Only the two inner hops speak TLS: h2load shows no client certificate.
    links = HOPS - 1
    bare = BARE_WIRE if transport == "wire" else TUNED
    by_event_loop = [Feature("our event loop and poller", TUNED, BARE)]
    return [
        *by_default,
        Feature("all of the above and the rest of rpc", DEFAULTS, bare),
        Feature("JSON log instead of text", "JSON log", DEFAULTS),
        Feature("metrics", "metrics", DEFAULTS),
        Feature("tracing, every call to a collector", "tracing", DEFAULTS),
        Feature("TLS, for each link", "TLS", DEFAULTS, links),
        Feature("mTLS, for each link", "mTLS", DEFAULTS, links),
        *(by_event_loop if transport == "grpcio" else ()),
    ]


def _without(transport: str, part: str) -> Contender:
    program = str(contenders.root() / "bench" / "without")
    words = [program, transport, part]
    return Contender(
        f"without {part}", {role: [*words, role, *contenders.LISTEN] for role in ROLES}
    )


def _measure(
    ways: list[Contender], rounds: int, calls: int, load: Generator
) -> dict[str, list[float]]:
    """CPU microseconds a call of each way, all hops, round by round."""
    spent: dict[str, list[float]] = {way.name: [] for way in ways}
    for number in range(rounds):
        turn = number % len(ways)
        for way in ways[turn:] + ways[:turn]:
            print(f"round {number + 1} of {rounds}: {way.name}", file=sys.stderr, flush=True)
            spent[way.name].append(_cpu(way, calls, load, number))
    return spent


def _cpu(way: Contender, calls: int, load: Generator, seed: int) -> float:
    calls -= calls % IN_FLIGHT
    with (
        running_chain(way.commands) as servers,
        checking(servers["orc1"].address, seed),
    ):
        address = servers["orc1"].address
        load.closed(address, IN_FLIGHT, IN_FLIGHT * 8)
        before = sum(map(cpu_seconds, servers.values()))
        load.closed(address, IN_FLIGHT, calls)
        return (sum(map(cpu_seconds, servers.values())) - before) / calls * 1e6


def table(spent: dict[str, list[float]], transport: str) -> list[list[str]]:
    """Cost of each feature, header first."""
    lines = [["feature", "µs a call and hop", "range of rounds", "share of the call"]]
    whole = statistics.median(spent[DEFAULTS])
    for feature in features(transport):
        cost = _cost(spent[feature.on], spent[feature.off], feature.hops)
        share = cost.median * feature.hops / whole
        span = f"{cost.least:+.0f} to {cost.most:+.0f}"
        lines.append([feature.name, f"{cost.median:+.1f}", span, f"{share:+.1%}"])
    per_hop = figure([one / HOPS for one in spent[DEFAULTS]])
    span = f"{per_hop.least:.0f} to {per_hop.most:.0f}"
    lines.append(["the whole call, all defaults", f"{per_hop.median:.0f}", span, "100%"])
    return lines


def _cost(on: list[float], off: list[float], hops: int) -> Figure:
    return figure([(mine - other) / hops for mine, other in zip(on, off, strict=True)])


if __name__ == "__main__":
    main()
