"""Writes the table of docs/configuration.md from the options themselves."""

import os
from pathlib import Path

from rpc.cli.options import server_options

import click

BEGIN = "<!-- Made by ./bazelw run //docs:options -->\n"
END = "<!-- end -->\n"

_CONTEXT = click.Context(click.Command("server"))


def options_table() -> str:
    """The table, as Markdown."""
    rows = [_row(option) for option in _options()]
    return "\n".join(["| option | default | |", "|---|---|---|", *rows, ""])


def with_table(page: str) -> str:
    """The page with the current table between its two marks."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{options_table()}\n{END}{after}"


def _options() -> list[click.Option]:
    command: click.Command = click.Command("server")
    for option in server_options(9000, {"orc2": 9001}):
        option(command)
    return [option for option in command.params if isinstance(option, click.Option)]


def _row(option: click.Option) -> str:
    default = _default(option)
    value = "" if option.is_flag else _value(option)
    # A default shows what a value looks like, but not what else there is to choose.
    shown = value if not default or isinstance(option.type, click.Choice) else ""
    names = " ".join(f"`{name}{shown}`" for name in (*option.opts, *option.secondary_opts))
    return f"| {names} | {default} | {option.help} |"


def _default(option: click.Option) -> str:
    default = option.get_default(_CONTEXT)
    if default is True:
        return "on"
    return f"`{default}`" if type(default) in {str, int, float} else ""


def _value(option: click.Option) -> str:
    metavar = option.make_metavar(_CONTEXT).strip("[]")
    # Else it would end the table's cell.
    return " " + metavar.replace("|", r"\|")


def main() -> None:
    """Writes the table into the checkout that `bazel run` was called in."""
    page = Path(os.environ["BUILD_WORKSPACE_DIRECTORY"], "docs/configuration.md")
    page.write_text(with_table(page.read_text()))


if __name__ == "__main__":
    main()
