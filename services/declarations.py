"""What each service declares, read from its source.

Nothing is imported, so a tool can write files for services that do not work yet, or no longer.
"""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class DeclarationError(Exception):
    """An unreadable declaration. The message names the file."""


@dataclass(frozen=True, slots=True)
class Declaration:
    """Where a service is, and what it calls.

    Attributes:
        name: of the service, its folder and its program.
        port: its default port.
        upstreams: ports of the services it calls, by name.
    """

    name: str
    port: int
    upstreams: Mapping[str, int]


def declarations(folder: Path, without: str = "") -> dict[str, Declaration]:
    """The services by name, in the order of the alphabet.

    Args:
        folder: has a folder for each service.
        without: name of a service to leave out.

    Raises:
        DeclarationError: a file is not Python, has no `Service(...)`, or one with values other than
            literals.
    """
    names = [path.name for path in sorted(folder.iterdir()) if (path / f"{path.name}.py").exists()]
    return {name: _declaration(folder / name / f"{name}.py") for name in names if name != without}


def _declaration(file: Path) -> Declaration:
    try:
        tree = ast.parse(file.read_text(encoding="utf-8"), str(file))
        (service,) = _calls(tree, "Service")
        return Declaration(
            name=_argument(service, "name", 0),
            port=_argument(service, "port"),
            upstreams={
                _argument(upstream, "name", 0): _argument(upstream, "port", 2)
                for upstream in _calls(service, "Upstream")
            },
        )
    except SyntaxError as error:
        raise DeclarationError(f"{file}, line {error.lineno}: {error.msg}") from error
    except ValueError as error:
        raise DeclarationError(
            f"{file}: there has to be one Service(...), whose name, port and upstreams are literals"
        ) from error


def _calls(tree: ast.AST, name: str) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name:
            yield node


def _argument(call: ast.Call, name: str, position: int | None = None) -> Any:
    """Value of an argument.

    Raises:
        ValueError: it is not there, or not a literal.
    """
    for keyword in call.keywords:
        if keyword.arg == name:
            return ast.literal_eval(keyword.value)
    if position is None or len(call.args) <= position:
        raise ValueError(name)
    return ast.literal_eval(call.args[position])
