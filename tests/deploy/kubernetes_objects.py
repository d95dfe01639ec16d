"""The objects in deploy/kubernetes, and what is in them."""

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from tests.deploy.manifests import option

FOLDER = Path("deploy/kubernetes")
FILES = sorted(set(FOLDER.glob("*.yaml")) - {FOLDER / "kustomization.yaml"})
"""The files with objects; Kustomize's own is none."""

SERVERS = ["orc1", "orc2", "mock-data"]
UPSTREAMS = {"orc1": "orc2", "orc2": "mock-data"}

Objects = dict[tuple[str, str], dict[str, Any]]
"""Objects by kind and name."""


def objects_in(file: Path) -> list[dict[str, Any]]:
    """What a file has, in its order."""
    # Version 1.1, as Kubernetes reads it: 0440 is octal.
    reader = YAML(typ="safe")
    reader.version = (1, 1)
    return list(reader.load_all(file.read_text()))


def all_objects() -> Objects:
    """What all files have."""
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
    """What that container runs."""
    run = container(objects, name)
    return [*run["command"], *run["args"]]


def port(objects: Objects, name: str) -> int:
    """Where that listens."""
    address = option(command(objects, name), "listen")
    assert address is not None
    return int(address.rpartition(":")[2])
