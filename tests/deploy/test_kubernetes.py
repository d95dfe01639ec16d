"""The objects for Kubernetes are as their schemas say, and fit together."""

import copy
import re
from pathlib import Path
from typing import Any

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
from tests.deploy.manifests import CHAIN, calls, option

KUBERNETES = "1.37"

# What cert-manager adds to Kubernetes is in schemas of its own.
BUILT_IN = [file for file in FILES if file.name != "certificates.yaml"]

CALLS = calls(UPSTREAMS)


@pytest.fixture(scope="module")
def objects() -> Objects:
    return all_objects()


@pytest.mark.parametrize("name", SERVERS)
def test_a_pod_outlives_its_drain(objects: Objects, name: str) -> None:
    told = [option(command(objects, name), wait) for wait in ("drain-delay", "grace")]
    seconds = [float(value) for value in told if value is not None]
    assert pod(objects, name)["terminationGracePeriodSeconds"] >= sum(seconds) + 7


def test_the_servers_are_those_of_the_chain_at_least() -> None:
    assert CHAIN.items() <= UPSTREAMS.items()


@pytest.mark.parametrize("name", SERVERS)
def test_a_server_can_be_reached_by_its_name(objects: Objects, name: str) -> None:
    service = objects["Service", name]["spec"]
    assert [entry["port"] for entry in service["ports"]] == [port(objects, name)]
    assert name in objects["Certificate", name]["spec"]["dnsNames"]


@pytest.mark.parametrize(("name", "upstream"), CALLS)
def test_a_server_reaches_its_upstream(objects: Objects, name: str, upstream: str) -> None:
    number = port(objects, upstream)
    assert option(command(objects, name), "upstream") == f"dns:///{upstream}:{number}"
    rule = {"to": pods([upstream]), "ports": [{"port": number}]}
    assert objects["NetworkPolicy", name]["spec"]["egress"] == [rule]


@pytest.mark.parametrize("upstream", sorted({upstream for _, upstream in CALLS}))
def test_an_upstream_is_reached_by_its_callers_only(objects: Objects, upstream: str) -> None:
    callers = [name for name, called in CALLS if called == upstream]
    (rule,) = objects["NetworkPolicy", upstream]["spec"]["ingress"]
    assert sorted(rule["from"], key=str) == sorted(pods(callers), key=str)
    assert rule["ports"] == [{"port": port(objects, upstream)}]


def pods(names: list[str]) -> list[dict[str, Any]]:
    """How a policy names the pods of servers."""
    labels = [{"app.kubernetes.io/name": name} for name in names]
    return [{"podSelector": {"matchLabels": label}} for label in labels]


@pytest.mark.parametrize("name", SERVERS)
def test_selectors_find_the_pods(objects: Objects, name: str) -> None:
    labels = objects["Deployment", name]["spec"]["template"]["metadata"]["labels"]
    assert objects["Deployment", name]["spec"]["selector"]["matchLabels"] == labels
    assert objects["Service", name]["spec"]["selector"] == labels
    for kind, field in (("PodDisruptionBudget", "selector"), ("NetworkPolicy", "podSelector")):
        assert objects[kind, name]["spec"][field] == {"matchLabels": labels}


def test_the_servers_differ_in_their_arguments_only(objects: Objects) -> None:
    first, *others = [without_arguments(objects, name) for name in SERVERS]
    assert others == [first] * len(others)


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
