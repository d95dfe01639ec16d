"""What the values of command-line options may be, checked before anything starts."""

import os
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from rpc.core.address import (
    AddressError,
    join_host_port,
    parse_host_port,
    parse_listen,
    parse_target,
)
from rpc.core.deadline import LONGEST

import click


class Seconds(click.ParamType[float]):
    """A span of time in seconds."""

    name = "seconds"

    def __init__(self, *, zero: bool = True) -> None:
        self._zero = zero

    def convert(
        self, value: str | float, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Takes what every timer can count: an endless time-out would be no time-out."""
        try:
            seconds = float(value)
        except ValueError:
            self.fail(f"{value!r} is not a number of seconds", param, ctx)
        if not 0 <= seconds <= LONGEST or (seconds == 0 and not self._zero):
            least = "0 or more" if self._zero else "more than 0"
            self.fail(
                f"{value!r} is not a number of seconds, {least} and at most {LONGEST:.0f}",
                param,
                ctx,
            )
        return seconds


class Text(click.ParamType[str]):
    """Text that gRPC and protobuf take."""

    name = "text"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Refuses bytes outside UTF-8, for which Python has surrogates."""
        try:
            value.encode()
        except UnicodeEncodeError:
            self.fail("not UTF-8", param, ctx)
        return value


class Address(Text):
    """An address, in the form of one of the parsers of `rpc.core.address`."""

    def __init__(self, name: str, parse: Callable[[str], str]) -> None:
        self.name = name
        self._parse = parse

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Runs the parser. What it refuses is a usage error."""
        try:
            return self._parse(super().convert(value, param, ctx))
        except AddressError as error:
            self.fail(str(error), param, ctx)


class File(click.Path):
    """A file's path. "" is none, though the file system takes it for the working folder."""

    def convert(
        self,
        value: str | os.PathLike[str],
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Path:
        """Takes what `click.Path` takes, save the empty path."""
        if not os.fspath(value):
            self.fail("the path is empty", param, ctx)
        return Path(os.fsdecode(super().convert(value, param, ctx)))


class CollectorUrl(Text):
    """Where an OTLP/gRPC collector is, in the form of OpenTelemetry's own environment variable."""

    name = "url"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Takes what `collector_url` takes, and any value of OpenTelemetry's own variable.

        A bad variable must not keep a program from starting,
        https://opentelemetry.io/docs/specs/otel/error-handling/. `rpc.telemetry` checks it again.
        """
        if ctx and param and _is_of_its_variable(value, ctx, param):
            return value
        try:
            return collector_url(super().convert(value, param, ctx))
        except ValueError as error:
            self.fail(str(error), param, ctx)


def collector_url(value: str) -> str:
    """Takes `http://HOST:PORT` and `https://HOST:PORT`, and fills in OTLP's port.

    Raises:
        ValueError: it is neither.
    """
    try:
        url = urlsplit(value)
        host, port = url.hostname, url.port or _OTLP_PORT
    except ValueError:
        host = None
    if not host or url.scheme not in ("http", "https"):
        raise ValueError(f"{value!r} is not http://HOST:PORT or https://HOST:PORT")
    return url._replace(netloc=join_host_port(host, port)).geturl()


def _is_of_its_variable(value: str, ctx: click.Context, param: click.Parameter) -> bool:
    source = ctx.get_parameter_source(param.name or "")
    is_of_environment = source is click.core.ParameterSource.ENVIRONMENT
    return is_of_environment and os.environ.get(str(param.envvar)) == value


# Of OTLP over gRPC, https://opentelemetry.io/docs/specs/otlp/.
_OTLP_PORT = 4317


POSITIVE = click.IntRange(min=1)
TEXT = Text()
LISTEN = Address("host:port", parse_listen)
HOST_PORT = Address("host:port", parse_host_port)
TARGET = Address("target", parse_target)
SECONDS = Seconds()
SECONDS_ABOVE_ZERO = Seconds(zero=False)
FILE = File(dir_okay=False)
COLLECTOR_URL = CollectorUrl()
