"""Help with its options in groups, each under a heading."""

from collections.abc import Sequence
from typing import Any

import click

_OTHERS = "Options"


class GroupedOption(click.Option):
    """An option with a heading.

    Attributes:
        heading: the help's line above it and its like.
    """

    def __init__(self, names: Sequence[str], heading: str, **more: Any) -> None:
        """Takes what an option of click takes."""
        super().__init__(names, **more)
        self.heading = heading


class GroupedHelp(click.Command):
    """A command with grouped options in its help, in the order of each group's first."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the options. Those without a heading come last."""
        groups: dict[str, list[tuple[str, str]]] = {}
        others: list[tuple[str, str]] = []
        for option in self.get_params(ctx):
            record = option.get_help_record(ctx)
            if record is None:
                continue
            if isinstance(option, GroupedOption):
                groups.setdefault(option.heading, []).append(record)
            else:
                others.append(record)
        for heading, records in [*groups.items(), (_OTHERS, others)]:
            if records:
                with formatter.section(heading):
                    formatter.write_dl(records)
