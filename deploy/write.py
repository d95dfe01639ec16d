"""Writes the files of deploy/ that name the services: `./bazelw run //deploy:write`."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from services.declarations import Declaration, DeclarationError, declarations

MARK = "# Written by ./bazelw run //deploy:write, from deploy/templates and services/."

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")),
    autoescape=False,  # noqa: S701  # it is YAML, of names that are identifiers
    keep_trailing_newline=True,
    lstrip_blocks=True,
    trim_blocks=True,
    undefined=StrictUndefined,
)


@dataclass(frozen=True, slots=True)
class Called:
    """A server as one of its callers sees it.

    Attributes:
        host: its name in DNS.
        port: where it listens.
        option: the caller's option that says where it is, without the dashes.
    """

    host: str
    port: int
    option: str


@dataclass(frozen=True, slots=True)
class Server:
    """A service as containers run it.

    Attributes:
        name: of the program.
        host: the name in DNS. It has no underscores.
        port: where it listens.
        upstreams: the servers that it calls.
        callers: names in DNS of the servers that call it. Without any it is an entrance.
    """

    name: str
    host: str
    port: int
    upstreams: list[Called]
    callers: list[str]


def files(services: Mapping[str, Declaration]) -> dict[Path, str]:
    """The text of each file, by its path below deploy/."""
    servers = [_server(service, services) for service in services.values()]
    texts = {
        Path("compose.yaml"): _text("compose", servers=servers),
        Path("kubernetes/kustomization.yaml"): _text("kustomization", servers=servers),
        Path("kubernetes/authority/policy.yaml"): _text("policy", servers=servers),
        Path("observability/prometheus.yaml"): _text("prometheus", servers=servers),
    }
    for server in servers:
        texts[manifest(server.name)] = _text("server", server=server)
    return texts


def manifest(service: str) -> Path:
    """The path below deploy/ of a service's manifest."""
    return Path(f"kubernetes/{_dashed(service)}.yaml")


def write(deploy: Path, services: Mapping[str, Declaration]) -> list[Path]:
    """Writes the files, and removes those of services that are gone.

    Returns:
        The paths below `deploy` that are new, changed or gone.
    """
    texts = files(services)
    changed = [path for path in written(deploy) if path not in texts]
    for path in changed:
        (deploy / path).unlink()
    for path, text in texts.items():
        file = deploy / path
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")
            changed.append(path)
    return sorted(changed)


def written(deploy: Path) -> list[Path]:
    """The paths below `deploy` of the files that are there and were written by this program."""
    there = sorted(deploy.rglob("*.yaml"))
    return [
        file.relative_to(deploy)
        for file in there
        if file.read_text(encoding="utf-8").startswith(MARK)
    ]


def _text(template: str, **values: object) -> str:
    return _TEMPLATES.get_template(f"{template}.yaml.jinja").render(mark=MARK, **values)


def _server(service: Declaration, services: Mapping[str, Declaration]) -> Server:
    callers = [one.name for one in services.values() if service.name in one.upstreams]
    return Server(
        name=service.name,
        host=_dashed(service.name),
        port=service.port,
        upstreams=[
            Called(_dashed(name), port, _option(name, len(service.upstreams)))
            for name, port in service.upstreams.items()
        ],
        callers=[_dashed(caller) for caller in callers],
    )


def _option(upstream: str, count: int) -> str:
    """As rpc.cli.options names it: an only upstream needs no name."""
    return "upstream" if count == 1 else f"upstream-{_dashed(upstream)}"


def _dashed(name: str) -> str:
    return name.replace("_", "-")


def main() -> None:
    """Writes the files of the checkout that `bazel run` was called in."""
    workspace = os.environ.get("BUILD_WORKSPACE_DIRECTORY")
    if workspace is None:
        sys.exit("start it with ./bazelw run //deploy:write")
    try:
        changed = write(Path(workspace, "deploy"), declarations(Path(workspace, "services")))
    except (DeclarationError, OSError) as error:
        sys.exit(f"write: {error}")
    print(*(f"deploy/{path}" for path in changed), sep="\n")


if __name__ == "__main__":
    main()
