"""The objects for Kubernetes are as their schemas say, and fit together."""

import copy
import re
from pathlib import Path

import kubernetes_validate
import pytest

from tests.deploy.kubernetes_objects import (
    FILES,
    FOLDER,
    SERVERS,
    UPSTREAMS,
    Objects,
    all_objects,
    command,
    container,
    objects_in,
    pod,
    port,
)
from tests.deploy.manifests import option

KUBERNETES = "1.37"

# What cert-manager adds to Kubernetes is in schemas of its own.
BUILT_IN = [file for file in FILES if file.name != "certificates.yaml"]


@pytest.fixture(scope="module")
def objects() -> Objects:
    return all_objects()


@pytest.mark.parametrize("name", SERVERS)
def test_a_pod_outlives_its_drain(objects: Objects, name: str) -> None:
    told = [option(command(objects, name), wait) for wait in ("drain-delay", "grace")]
    seconds = [float(value) for value in told if value is not None]
    assert pod(objects, name)["terminationGracePeriodSeconds"] >= sum(seconds) + 7


@pytest.mark.parametrize(("name", "upstream"), UPSTREAMS.items())
def test_a_server_reaches_its_upstream(objects: Objects, name: str, upstream: str) -> None:
    number = port(objects, upstream)
    assert option(command(objects, name), "upstream") == f"dns:///{upstream}:{number}"
    service = objects["Service", upstream]["spec"]
    assert [entry["port"] for entry in service["ports"]] == [number]
    assert upstream in objects["Certificate", upstream]["spec"]["dnsNames"]
    for peer, end, direction in ((upstream, "to", "egress"), (name, "from", "ingress")):
        owner = name if direction == "egress" else upstream
        rule = {
            end: [{"podSelector": {"matchLabels": {"app.kubernetes.io/name": peer}}}],
            "ports": [{"port": number}],
        }
        assert objects["NetworkPolicy", owner]["spec"][direction] == [rule]


@pytest.mark.parametrize("name", SERVERS)
def test_selectors_find_the_pods(objects: Objects, name: str) -> None:
    labels = objects["Deployment", name]["spec"]["template"]["metadata"]["labels"]
    assert objects["Deployment", name]["spec"]["selector"]["matchLabels"] == labels
    assert objects["Service", name]["spec"]["selector"] == labels
    for kind, field in (("PodDisruptionBudget", "selector"), ("NetworkPolicy", "podSelector")):
        assert objects[kind, name]["spec"][field] == {"matchLabels": labels}


def test_the_servers_differ_in_their_arguments_only(objects: Objects) -> None:
    first, *others = [without_arguments(objects, name) for name in SERVERS]
    assert others == [first, first]


def without_arguments(objects: Objects, name: str) -> str:
    """A deployment without its command, name and port."""
    deployment = copy.deepcopy(objects["Deployment", name])
    run = container({("Deployment", name): deployment}, name)
    del run["command"], run["args"]
    text = str(deployment).replace(str(port(objects, name)), "PORT")
    return re.sub(rf"(?<=['=]){name}(?=['-])", "NAME", text)


@pytest.mark.parametrize("file", BUILT_IN, ids=[file.name for file in BUILT_IN])
def test_objects_are_as_their_schemas_say(file: Path) -> None:
    for item in objects_in(file):
        kubernetes_validate.validate(item, KUBERNETES, strict=True)


def test_a_mistake_is_found(objects: Objects) -> None:
    broken = copy.deepcopy(objects["Deployment", "orc1"])
    container({("Deployment", "orc1"): broken}, "orc1")["readyProbe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError, match="readyProbe"):
        kubernetes_validate.validate(broken, KUBERNETES, strict=True)


def test_every_file_is_applied() -> None:
    (kustomization,) = objects_in(FOLDER / "kustomization.yaml")
    assert kustomization["resources"] == [file.name for file in FILES]
