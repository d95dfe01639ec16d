"""The files of a new service."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from deploy.write import manifest, write
from services.declarations import Declaration, declarations
from tools.new_service.contract import Called, called
from tools.new_service.names import check_name
from tools.new_service.refusal import RefusalError

KINDS = ("unary", "server_stream", "client_stream", "bidi")

_FIRST_PORT = 9000
_FOLDER = Path(__file__).with_name("templates")
_TEMPLATES = Environment(
    loader=FileSystemLoader(_FOLDER),
    autoescape=False,  # noqa: S701  # it is source code, of names that are identifiers
    keep_trailing_newline=True,
    lstrip_blocks=True,
    trim_blocks=True,
    undefined=StrictUndefined,
)
_NEW_FILES = {
    "proto/BUILD.bazel": "proto/{}/BUILD.bazel",
    "proto/NAME.proto": "proto/{}/{}.proto",
    "proto/__init__.py": "proto/{}/__init__.py",
    "service/BUILD.bazel": "services/{}/BUILD.bazel",
    "service/NAME.py": "services/{}/{}.py",
    "service/__init__.py": "services/{}/__init__.py",
    "service/test_NAME.py": "services/{}/test_{}.py",
    "service/test_NAME_program.py": "services/{}/test_{}_program.py",
}


@dataclass(frozen=True, slots=True)
class Written:
    """What was done for a service.

    Attributes:
        port: its default port.
        files: its own files.
        changed: further files, new, changed or gone.
    """

    port: int
    files: list[Path]
    changed: list[Path]


def add(workspace: Path, name: str, kind: str, upstream: str | None) -> Written:
    """Writes a service, and its place in deploy/.

    Args:
        workspace: to write into.
        name: of the service.
        kind: of its method, one of `KINDS`.
        upstream: name of the service it calls, if it calls one.

    Raises:
        RefusalError: the name or the upstream cannot be, or a file cannot be written. Nothing of
            the service is left.
        DeclarationError: another service cannot be read. Nothing is written.
    """
    check_name(name, workspace)
    there = declarations(workspace / "services")
    calls = _called(workspace, upstream, there)
    port = _free_port(there)
    texts = _texts(name, kind=kind, port=port, upstream=calls)
    own = Declaration(name, port, {calls.name: calls.port} if calls else {})
    try:
        for path, text in texts.items():
            (workspace / path).parent.mkdir(exist_ok=True)
            (workspace / path).write_text(text, encoding="utf-8")
        return Written(port, list(texts), _deploy(workspace, there | {name: own}))
    except OSError as error:
        _take_back(workspace, name, there)
        raise RefusalError(f"{error}: nothing of {name} is left in {workspace}") from error


def remove(workspace: Path, name: str) -> Written:
    """Removes a service written by `add`, and its place in deploy/.

    Raises:
        RefusalError: there is no such service, or another one calls it. Nothing is removed.
        DeclarationError: another service cannot be read. Nothing is removed.
    """
    folders = _folders(name)
    if not name.isidentifier() or not all((workspace / folder).is_dir() for folder in folders):
        raise RefusalError(f"{name!r} has no services/{name} with a contract in proto/{name}")
    left = declarations(workspace / "services", without=name)
    callers = [service.name for service in left.values() if name in service.upstreams]
    if callers:
        raise RefusalError(f"{' and '.join(callers)} calls {name}: remove or change that first")
    for folder in folders:
        shutil.rmtree(workspace / folder)
    return Written(0, folders, _deploy(workspace, left))


def _folders(name: str) -> list[Path]:
    return [Path("services", name), Path("proto", name)]


def _take_back(workspace: Path, name: str, left: Mapping[str, Declaration]) -> None:
    for folder in _folders(name):
        shutil.rmtree(workspace / folder, ignore_errors=True)
    # Cut short, it may lack the mark by which it would be removed.
    (workspace / "deploy" / manifest(name)).unlink(missing_ok=True)
    _deploy(workspace, left)


def _deploy(workspace: Path, services: Mapping[str, Declaration]) -> list[Path]:
    in_order = dict(sorted(services.items()))
    return [Path("deploy", path) for path in write(workspace / "deploy", in_order)]


def _called(
    workspace: Path, upstream: str | None, there: Mapping[str, Declaration]
) -> Called | None:
    if upstream is None:
        return None
    if upstream not in there:
        raise RefusalError(
            f"there is no service {upstream!r} to call; there are {', '.join(there)}"
        )
    return called(workspace, upstream, there[upstream].port)


def _free_port(services: Mapping[str, Declaration]) -> int:
    taken = {service.port for service in services.values()}
    return next(port for port in range(_FIRST_PORT, 2**16) if port not in taken)


def _texts(name: str, **values: object) -> dict[Path, str]:
    title = "".join(part.capitalize() for part in name.split("_"))
    return {
        Path(path.format(name, name)): _TEMPLATES.get_template(f"{template}.jinja").render(
            name=name, title=title, **values
        )
        for template, path in _NEW_FILES.items()
    }
