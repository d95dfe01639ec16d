"""Options of the command line, made from settings. Each is an environment variable too."""

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from rpc.cli.grouped_help import GroupedOption
from rpc.core.setting import Group, Setting, described
from rpc.server.settings import ServerSettings
from rpc.transports.settings import ListeningSettings
from rpc.upstream.settings import UpstreamSettings

import click

Option = Callable[[Callable[..., Any]], Callable[..., Any]]
Rename = Callable[[str], str]
S = TypeVar("S")


def _unchanged(name: str) -> str:
    return name


def options_of(  # noqa: PLR0913  # what all of them have in common
    settings: type,
    *,
    rename: Rename = _unchanged,
    defaults: Mapping[str, Any] | None = None,
    peer: str = "",
    from_environment: bool = True,
    heading: str = "Server",
) -> list[Option]:
    """The options of a dataclass of settings, in its order.

    Args:
        settings: the dataclass.
        rename: gives an option's name, from the one its fields make.
        defaults: in place of the fields' own, by the name the fields make.
        peer: what is called, for the help.
        from_environment: whether they are environment variables too.
        heading: of the help, for options in no group with a heading.
    """
    made = []
    for path, what, default, above in _walk(settings, heading=heading):
        name = rename(path)
        chosen = (defaults or {}).get(path, default)
        made.append(
            _option(name, what, chosen, peer, heading=above, from_environment=from_environment)
        )
    return made


def settings_from(
    settings: type[S], values: dict[str, Any], *, rename: Rename = _unchanged, **others: Any
) -> S:
    """Makes settings of the values of a command's options, and takes these out of the values.

    Args:
        settings: the dataclass.
        values: by parameter. A missing one keeps the field's default.
        rename: as for `options_of`.
        **others: fields without an option.

    Raises:
        UsageError: two values do not fit together.
    """
    return _build(settings, values, rename, "", others)


def server_options(port: int, upstreams: Mapping[str, int]) -> list[Option]:
    """The options of a server.

    Args:
        port: its default port.
        upstreams: default ports of its upstreams, by name.
    """
    made = options_of(ServerSettings, defaults={"listen": f"127.0.0.1:{port}"})
    # The options of a server that come before those of its upstreams.
    listening = len(list(_walk(ListeningSettings)))
    of_upstreams = [
        option
        for name, upstream_port in upstreams.items()
        for option in options_of(
            UpstreamSettings,
            rename=upstream_names(name, len(upstreams)),
            defaults={"target": f"127.0.0.1:{upstream_port}"},
            peer="the upstream" if len(upstreams) == 1 else name,
            heading="Upstream" if len(upstreams) == 1 else f"Upstream {name}",
        )
    ]
    return [*made[:listening], *of_upstreams, *made[listening:]]


def server_settings(
    name: str, values: dict[str, Any], upstreams: Mapping[str, int]
) -> ServerSettings:
    """Takes what `server_options` gave out of a command's values. What is left is the command's.

    Raises:
        UsageError: two values do not fit together.
    """
    targets = {
        upstream: settings_from(
            UpstreamSettings, values, rename=upstream_names(upstream, len(upstreams))
        )
        for upstream in upstreams
    }
    return settings_from(ServerSettings, values, name=name, upstreams=targets)


def upstream_names(name: str, count: int) -> Rename:
    """How the options of an upstream are called.

    Args:
        name: the upstream's.
        count: how many upstreams the server has. An only one needs no name.
    """
    if count == 1:
        names = {
            "target": "upstream",
            "default-timeout": "default-timeout",
            "health-follows": "health-follows-upstream",
        }
        return lambda option: names.get(option, f"upstream-{option}")
    dashed = name.replace("_", "-")
    return lambda option: (
        f"upstream-{dashed}" if option == "target" else f"upstream-{dashed}-{option}"
    )


def _walk(
    settings: type, prefix: str = "", heading: str = ""
) -> Iterator[tuple[str, Setting, Any, str]]:
    """Name, description, default and heading of each option."""
    for field, what in described(settings):
        if isinstance(what, Setting):
            yield prefix + (what.option or _dashed(field.name)), what, _default(field), heading
            continue
        below = f"{prefix}{what.prefix}-" if what.prefix else prefix
        above = what.heading or heading
        if what.switch is not None:
            yield below.removesuffix("-"), Setting(what.switch), False, above
        yield from _walk(what.kind, below, above)


def _build(
    settings: type[S], values: dict[str, Any], rename: Rename, prefix: str, given: dict[str, Any]
) -> S:
    fields = dict(given)
    for field, what in described(settings):
        if isinstance(what, Setting):
            name = prefix + (what.option or _dashed(field.name))
            parameter = rename(name).replace("-", "_")
            if parameter in values:
                fields[field.name] = values.pop(parameter)
        else:
            fields[field.name] = _build_group(what, values, rename, prefix)
    return settings(**fields)


def _build_group(what: Group, values: dict[str, Any], rename: Rename, prefix: str) -> Any:
    below = f"{prefix}{what.prefix}-" if what.prefix else prefix
    wanted = not what.optional
    if what.switch is not None:
        wanted = values.pop(rename(below.removesuffix("-")).replace("-", "_"), False)
    parameters = [rename(path).replace("-", "_") for path, *_ in _walk(what.kind, below)]
    if wanted or any(values.get(parameter) for parameter in parameters):
        return _build(what.kind, values, rename, below, {})
    for parameter in parameters:
        values.pop(parameter, None)
    return None


def _option(  # noqa: PLR0913  # all that an option is made from
    name: str, what: Setting, default: Any, peer: str, *, from_environment: bool, heading: str
) -> Option:
    text = what.help.replace("{peer}", peer)
    if what.type is None:
        names = f"--{name}/--no-{name}" if what.negatable else f"--{name}"
        return click.option(
            names,
            cls=GroupedOption,
            heading=heading,
            is_flag=True,
            default=bool(default),
            help=text,
            allow_from_autoenv=from_environment,
        )
    kind = click.Choice(what.type) if isinstance(what.type, list | tuple) else what.type
    return click.option(
        f"--{name}",
        cls=GroupedOption,
        heading=heading,
        type=kind,
        default=default,
        help=text,
        metavar=what.metavar,
        envvar=what.envvar if from_environment else None,
        allow_from_autoenv=from_environment,
        multiple=what.multiple,
    )


def _default(field: "dataclasses.Field[Any]") -> Any:
    return None if field.default is dataclasses.MISSING else field.default


def _dashed(name: str) -> str:
    return name.replace("_", "-")
