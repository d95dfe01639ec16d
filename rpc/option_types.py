"""What the values of command-line options may be, checked before anything starts."""

import math
from collections.abc import Callable
from pathlib import Path

from rpc.address import AddressError, parse_host_port, parse_listen, parse_target

import click


class Seconds(click.ParamType[float]):
    """A span of time in seconds."""

    name = "seconds"

    def __init__(self, *, zero: bool = True) -> None:
        self._zero = zero

    def convert(
        self, value: str | float, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Takes finite numbers only: an endless time-out would be no time-out."""
        try:
            seconds = float(value)
        except ValueError:
            self.fail(f"{value!r} is not a number of seconds", param, ctx)
        if not math.isfinite(seconds) or seconds < 0 or (seconds == 0 and not self._zero):
            least = "0 or more" if self._zero else "more than 0"
            self.fail(f"{value!r} is not a number of seconds, {least}", param, ctx)
        return seconds


class Address(click.ParamType[str]):
    """An address, in the form that one of the parsers of `rpc.address` takes."""

    def __init__(self, name: str, parse: Callable[[str], str]) -> None:
        self.name = name
        self._parse = parse

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Runs the parser; what it refuses is a usage error."""
        try:
            return self._parse(value)
        except AddressError as error:
            self.fail(str(error), param, ctx)


LISTEN = Address("host:port", parse_listen)
HOST_PORT = Address("host:port", parse_host_port)
TARGET = Address("target", parse_target)
SECONDS = Seconds()
SECONDS_ABOVE_ZERO = Seconds(zero=False)
FILE = click.Path(dir_okay=False, path_type=Path)
