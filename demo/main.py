"""The demo's main: the chain, a successful call, a failing one, and the end of it."""

import shlex
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import NoReturn

from rpc.cli.program import complete_help, context_settings, run_program
from rpc.core.errors import StartupError

import click

from demo.hops import last_call, table
from testing.chain import wired
from testing.processes import ServerProcess, StartError, environment_without_settings, running
from testing.runfiles import command_line

NAME = "demo"
TOO_SHORT = "abc"

_CLIENT = "client"
_WHAT_IT_DOES = {
    "mock_data": "makes a user out of a name",
    "orc2": "calls mock_data",
    "orc1": "calls orc2",
}


class WrongEndError(StartupError):
    """A call ended in another way than the demo shows. The message says how."""


@click.command(NAME, context_settings=context_settings(NAME))
@click.option("-n", "--name", metavar="NAME", default="krithik", help="Whom to ask for.")
def demo(name: str) -> None:
    """Start the chain on free ports, call it twice, show each hop, and stop it.

    The second call is for a name that is too short, to show what an error looks like.
    """
    if name == "-":
        raise click.BadParameter("the demo asks for one name, not for those on stdin")
    _say("Starting the three servers on free ports, each in a process of its own")
    try:
        with wired(_serving) as chain:
            _call(chain.servers, name, "OK")
            _call(chain.servers, TOO_SHORT, "INVALID_ARGUMENT")
            _say("Stopping the servers")
    except StartError as error:
        raise StartupError(str(error)) from error


@contextmanager
def _serving(name: str, *arguments: str) -> Iterator[ServerProcess]:
    """Runs a server, shows it, and stops it as in production."""
    with running(f"services/{name}", *arguments) as server:
        click.echo(f"  {name:<9}  {server.address:<15}  {_WHAT_IT_DOES[name]}")
        yield server
        with suppress(subprocess.TimeoutExpired):
            server.stop()


def _call(servers: Mapping[str, ServerProcess], name: str, code: str) -> None:
    """Makes a call, shows it, and requires that it ended with this code for everyone."""
    # Time enough on a machine that is busy with other things as well.
    arguments = ["--target", servers["orc1"].address, "--timeout", "30", "-n", name]
    _say("$ client " + shlex.join(arguments))
    # The client's own two streams in one, so that they stay in order in a file, too.
    client = subprocess.run(
        [*command_line(_CLIENT), *arguments],
        stdin=subprocess.DEVNULL,
        stderr=subprocess.STDOUT,
        env=environment_without_settings(_CLIENT),
        check=False,
    )
    hops = last_call(servers)
    click.echo(f"\n  What the servers logged of request {hops[0].request_id}:\n")
    click.echo(textwrap.indent(table(hops), "  "))
    if hops[0].code != code or (client.returncode == 0) != (code == "OK"):
        raise WrongEndError(
            f"the call for {name!r} ended with {hops[0].code}, the client with"
            f" {client.returncode}, but the demo shows {code}"
        )


def _say(text: str) -> None:
    click.secho(f"\n{text}", bold=True)


def _end(number: int, _: object) -> NoReturn:
    sys.exit(128 + number)


complete_help(NAME, demo)


def main() -> None:
    """Runs the demo."""
    # Without this a signal would end this process only, and leave the servers running.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _end)
    run_program(NAME, demo)


if __name__ == "__main__":
    main()
