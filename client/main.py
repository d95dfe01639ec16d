"""The client's main: `client -n NAME` and `client health`."""

import sys
from typing import Any

from rpc.cli import early_signals, grpc_environment  # noqa: F401  # before anything loads grpc
from rpc.cli.grouped_help import GroupedHelp
from rpc.cli.program import EXIT_FAILED, complete_help, context_settings, run_program

import click
import uvloop

from client.options import HEALTH_OPTIONS, USER_OPTIONS, add_options, client_settings

# What a command needs it imports itself: a probe that runs every few seconds should be light.

NAME = "client"


class _Client(click.Group, GroupedHelp):
    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Shows the user how to give names, where one stands in place of a command."""
        if args[0] not in self.commands:
            ctx.fail(f"No such command {args[0]!r}: give a name with -n")
        return super().resolve_command(ctx, args)


@click.group(
    NAME, cls=_Client, invoke_without_command=True, context_settings=context_settings(NAME)
)
@add_options(USER_OPTIONS)
@click.pass_context
def client(context: click.Context, /, **values: Any) -> None:
    """Ask orc1 for users by name and print them.

    Exits with 0, with 1 if a call failed, with 2 for wrong usage.
    """
    if context.invoked_subcommand is not None:
        _refuse_options(context, context.invoked_subcommand)
        return
    from client.names import NamesError
    from client.users import show_users

    settings = client_settings(values)
    try:
        succeeded = uvloop.run(show_users(settings, values["name"], values["jobs"]))
    except NamesError as error:
        raise click.UsageError(str(error)) from error
    _exit(succeeded=succeeded)


@client.command("health", cls=GroupedHelp, context_settings=context_settings(NAME))
@add_options(HEALTH_OPTIONS)
def health(service: str, **values: Any) -> None:
    """Ask a server for its health and print it: SERVING, NOT_SERVING, SERVICE_UNKNOWN.

    Exits with 0 if it is SERVING, else with 1.
    """
    from client.health import show_health

    succeeded = uvloop.run(show_health(client_settings(values), service))
    _exit(succeeded=succeeded)


def _refuse_options(context: click.Context, command: str) -> None:
    """Options before a command would be the client's own, and without effect on the command."""
    for option in context.command.params:
        source = context.get_parameter_source(option.name or "")
        if source is click.core.ParameterSource.COMMANDLINE:
            raise click.UsageError(
                f"{option.opts[-1]} stands before {command}, whose own options stand after it"
            )


def _exit(*, succeeded: bool) -> None:
    if not succeeded:
        sys.exit(EXIT_FAILED)


for _command in (client, *client.commands.values()):
    complete_help(NAME, _command)


def main() -> None:
    """Runs the client."""
    run_program(NAME, client)


if __name__ == "__main__":
    main()
