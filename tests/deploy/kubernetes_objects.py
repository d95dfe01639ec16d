"""The objects in deploy/kubernetes and their contents."""

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from tests.deploy import manifests

FOLDER = Path("deploy/kubernetes")
FILES = sorted(set(FOLDER.glob("*.yaml")) - {FOLDER / "kustomization.yaml"})
"""The files with objects. Kustomize's own has none."""

Objects = dict[tuple[str, str], dict[str, Any]]
"""Objects by kind and name."""


def objects_in(file: Path) -> list[dict[str, Any]]:
    """A file's objects in its order."""
    # Version 1.1, as Kubernetes reads it: 0440 is octal.
    reader = YAML(typ="safe")
    reader.version = (1, 1)
    return list(reader.load_all(file.read_text()))


def all_objects() -> Objects:
    """The objects of all files."""
    every = [item for file in FILES for item in objects_in(file)]
    return {(item["kind"], item["metadata"]["name"]): item for item in every}


def pod(objects: Objects, name: str) -> dict[str, Any]:
    """A server's pod."""
    spec: dict[str, Any] = objects["Deployment", name]["spec"]["template"]["spec"]
    return spec


def container(objects: Objects, name: str) -> dict[str, Any]:
    """The one container of a server's pod."""
    (only,) = pod(objects, name)["containers"]
    assert isinstance(only, dict)
    return only


def command(objects: Objects, name: str) -> list[str]:
    """The command of that container."""
    run = container(objects, name)
    return [*run["command"], *run["args"]]


def port(objects: Objects, name: str) -> int:
    """The port of that command."""
    return manifests.port(command(objects, name))


def _upstreams(objects: Objects) -> dict[str, str | None]:
    deployments = [name for kind, name in objects if kind == "Deployment"]
    return {name: manifests.upstream(command(objects, name)) for name in deployments}


UPSTREAMS = _upstreams(all_objects())
"""Each server's upstream by name, or None."""

SERVERS = list(UPSTREAMS)
