"""Settings: dataclass fields that describe a command line option.

`rpc.cli.options` makes the options, their help and their environment variables of them, and
docs/options.py the table in docs/configuration.md.
"""

import dataclasses
from dataclasses import dataclass
from typing import Any

_KEY = "rpc"


@dataclass(frozen=True, slots=True)
class Setting:
    """The description of one setting.

    Attributes:
        help: one sentence. `{peer}` in it stands for whatever is called, as in "the upstream".
        type: a click type, or a sequence of words to choose from. None for a switch.
        metavar: the help's word in place of a value. None for the type's own.
        option: name of the option, where it is not the field's.
        envvar: a further environment variable.
        multiple: may be given again. The value is a tuple. In the environment blanks separate.
        negatable: a switch on by default has a `--no-…`.
    """

    help: str
    type: Any = None
    metavar: str | None = None
    option: str | None = None
    envvar: str | None = None
    multiple: bool = False
    negatable: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """A field with settings of its own.

    Attributes:
        kind: the dataclass.
        prefix: of the names of its options. Empty for none.
        switch: help of a switch that selects the group even if nothing of it is given. Without a
            switch, and where `optional` is true, the field is None if nothing is given.
        optional: the field may be None.
        heading: of its options in the help. Empty for the heading of the settings around it.
    """

    kind: type
    prefix: str = ""
    switch: str | None = None
    optional: bool = False
    heading: str = ""


def setting(help: str, *, default: Any = dataclasses.MISSING, **more: Any) -> Any:  # noqa: A002
    """A dataclass field for an option. Takes what `Setting` does."""
    return dataclasses.field(default=default, metadata={_KEY: Setting(help, **more)})


def group(kind: type, *, default: Any = dataclasses.MISSING, **more: Any) -> Any:
    """A dataclass field with settings of its own. Takes what `Group` does."""
    if default is dataclasses.MISSING and not more.get("optional"):
        return dataclasses.field(default_factory=kind, metadata={_KEY: Group(kind, **more)})
    return dataclasses.field(default=None, metadata={_KEY: Group(kind, **more)})


def described(settings: type) -> list[tuple[dataclasses.Field[Any], Setting | Group]]:
    """The described fields of a dataclass: options, or groups of them."""
    return [
        (field, field.metadata[_KEY])
        for field in dataclasses.fields(settings)
        if _KEY in field.metadata
    ]
