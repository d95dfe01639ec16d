"""The Kubernetes objects satisfy their schemas, and fit together."""

import copy
import re
from fnmatch import fnmatch
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

AUTHORITY = FOLDER / "authority"

# cert-manager's additions to Kubernetes have their own schemas.
BUILT_IN = [*FILES, AUTHORITY / "policy.yaml"]

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


@pytest.mark.parametrize("upstream", sorted({upstream for _, upstream in CALLS}))
def test_an_upstream_lets_in_what_its_callers_show(objects: Objects, upstream: str) -> None:
    callers = [name for name, called in CALLS if called == upstream]
    shown = [objects["Certificate", f"{name}-client"]["spec"]["dnsNames"] for name in callers]
    told = [word for word in command(objects, upstream) if word.startswith("--allow-caller=")]
    assert sorted(told) == sorted(f"--allow-caller={name}" for names in shown for name in names)


@pytest.mark.parametrize("name", SERVERS)
def test_only_prometheus_reads_the_metrics(objects: Objects, name: str) -> None:
    allowed = option(command(objects, name), "metrics-allow-caller")
    assert allowed == "prometheus.monitoring.svc.cluster.local"


def pods(names: list[str]) -> list[dict[str, Any]]:
    """A policy's selector of the pods of servers."""
    labels = [{"app.kubernetes.io/name": name} for name in names]
    return [{"podSelector": {"matchLabels": label}} for label in labels]


@pytest.mark.parametrize("name", SERVERS)
def test_selectors_find_the_pods(objects: Objects, name: str) -> None:
    labels = objects["Deployment", name]["spec"]["template"]["metadata"]["labels"]
    assert objects["Deployment", name]["spec"]["selector"]["matchLabels"] == labels
    assert objects["Service", name]["spec"]["selector"] == labels
    for kind, field in (("PodDisruptionBudget", "selector"), ("NetworkPolicy", "podSelector")):
        assert objects[kind, name]["spec"][field] == {"matchLabels": labels}


@pytest.mark.parametrize("name", SERVERS)
def test_a_server_scales_and_keeps_its_number(objects: Objects, name: str) -> None:
    scaler = objects["HorizontalPodAutoscaler", name]["spec"]
    assert scaler["scaleTargetRef"] == {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}
    assert scaler["minReplicas"] > objects["PodDisruptionBudget", name]["spec"]["maxUnavailable"]
    # Each apply would overwrite the autoscaler's number.
    assert "replicas" not in objects["Deployment", name]["spec"]


@pytest.mark.parametrize("name", SERVERS)
def test_a_node_can_be_drained_of_pods_that_do_not_serve(objects: Objects, name: str) -> None:
    budget = objects["PodDisruptionBudget", name]["spec"]
    assert budget["unhealthyPodEvictionPolicy"] == "AlwaysAllow"


@pytest.mark.parametrize("name", SERVERS)
def test_replicas_are_spread_over_zones_and_nodes(objects: Objects, name: str) -> None:
    labels = objects["Deployment", name]["spec"]["selector"]
    spread = pod(objects, name)["topologySpreadConstraints"]
    assert [one["topologyKey"] for one in spread] == [
        "topology.kubernetes.io/zone",
        "kubernetes.io/hostname",
    ]
    assert all(one["labelSelector"] == labels for one in spread)
    # The old pods of a rollout, which are about to go, do not count.
    assert all(one["matchLabelKeys"] == ["pod-template-hash"] for one in spread)


@pytest.mark.parametrize("name", SERVERS)
def test_annotations_name_the_address_of_the_metrics(objects: Objects, name: str) -> None:
    template = objects["Deployment", name]["spec"]["template"]
    address = option(command(objects, name), "metrics-address")
    assert template["metadata"]["annotations"] == {
        "prometheus.io/scrape": "true",
        "prometheus.io/scheme": "https",
        "prometheus.io/port": str(address).rpartition(":")[2],
        "prometheus.io/path": "/metrics",
        "resource.opentelemetry.io/service.name": name,
        "resource.opentelemetry.io/service.namespace": "orchestrator",
    }


@pytest.mark.parametrize("name", SERVERS)
def test_a_start_has_time_and_is_seen_soon(objects: Objects, name: str) -> None:
    probe = container(objects, name)["startupProbe"]
    assert probe["exec"] == container(objects, name)["readinessProbe"]["exec"]
    assert probe["periodSeconds"] * probe["failureThreshold"] >= 30
    assert probe["periodSeconds"] <= 2


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


@pytest.mark.parametrize("name", SERVERS)
def test_a_pod_may_no_more_than_it_needs(objects: Objects, name: str) -> None:
    account = objects["ServiceAccount", name]
    assert pod(objects, name)["serviceAccountName"] == name
    assert not account["automountServiceAccountToken"]
    assert not pod(objects, name)["automountServiceAccountToken"]
    for profile in ("seccompProfile", "appArmorProfile"):
        assert pod(objects, name)["securityContext"][profile] == {"type": "RuntimeDefault"}
    limits = container(objects, name)["resources"]["limits"]
    assert limits.keys() >= {"memory", "ephemeral-storage"}


def test_what_may_become_root_is_refused_said_and_noted(objects: Objects) -> None:
    labels = objects["Namespace", "orchestrator"]["metadata"]["labels"]
    modes = {f"pod-security.kubernetes.io/{mode}" for mode in ("enforce", "warn", "audit")}
    assert labels == dict.fromkeys(modes, "restricted")


def peers(objects: Objects, direction: str, key: str) -> list[dict[str, Any]]:
    """All peers permitted by the policies, as sources or as destinations."""
    specs = [item["spec"] for (kind, _), item in objects.items() if kind == "NetworkPolicy"]
    return [peer for spec in specs for rule in spec.get(direction, ()) for peer in rule[key]]


def test_a_policy_names_pods_and_no_namespace_as_a_whole(objects: Objects) -> None:
    every = [*peers(objects, "ingress", "from"), *peers(objects, "egress", "to")]
    assert len(every) >= 6
    assert all(peer["podSelector"].get("matchLabels") for peer in every)


def test_of_the_system_pods_only_dns_is_reached(objects: Objects) -> None:
    (system,) = [peer for peer in peers(objects, "egress", "to") if "namespaceSelector" in peer]
    assert system["podSelector"]["matchLabels"] == {"k8s-app": "kube-dns"}


CERTIFICATES = [name for kind, name in all_objects() if kind == "Certificate"]


def test_a_server_has_a_certificate_for_each_side() -> None:
    assert sorted(CERTIFICATES) == sorted([*SERVERS, *(f"{name}-client" for name in SERVERS)])


@pytest.mark.parametrize("name", CERTIFICATES)
def test_a_certificate_is_for_one_side(objects: Objects, name: str) -> None:
    side = "client auth" if name.endswith("-client") else "server auth"
    assert objects["Certificate", name]["spec"]["usages"] == ["digital signature", side]


def test_the_authority_is_apart_from_the_workloads(objects: Objects) -> None:
    assert not [kind for kind, _ in objects if kind.endswith("Issuer")]
    assert not [name for name in CERTIFICATES if "isCA" in objects["Certificate", name]["spec"]]
    (kustomization,) = objects_in(AUTHORITY / "kustomization.yaml")
    assert kustomization["namespace"] == "cert-manager"
    issuers = {
        item["metadata"]["name"]: item["spec"]
        for item in objects_in(AUTHORITY / "authority.yaml")
        if item["kind"] == "ClusterIssuer"
    }
    for name in CERTIFICATES:
        issuer = objects["Certificate", name]["spec"]["issuerRef"]
        assert issuer["kind"] == "ClusterIssuer"
        assert "ca" in issuers[issuer["name"]]


@pytest.mark.parametrize("name", CERTIFICATES)
def test_the_policy_lets_the_servers_have_their_certificates(objects: Objects, name: str) -> None:
    wanted = objects["Certificate", name]["spec"]
    policies = [
        item["spec"]["allowed"]
        for item in objects_in(AUTHORITY / "policy.yaml")
        if item["kind"] == "CertificateRequestPolicy"
    ]
    (allowed,) = [policy for policy in policies if policy["usages"] == wanted["usages"]]
    names = allowed["dnsNames"]["values"]
    assert all(any(fnmatch(name, pattern) for pattern in names) for name in wanted["dnsNames"])


@pytest.mark.parametrize("file", BUILT_IN, ids=[file.name for file in BUILT_IN])
def test_objects_match_their_schemas(file: Path) -> None:
    for item in objects_in(file):
        if "cert-manager.io" not in item["apiVersion"]:
            kubernetes_validate.validate(item, KUBERNETES, strict=True)


def test_a_mistake_is_found(objects: Objects) -> None:
    broken = copy.deepcopy(objects["Deployment", "orc1"])
    container({("Deployment", "orc1"): broken}, "orc1")["readyProbe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError, match="readyProbe"):
        kubernetes_validate.validate(broken, KUBERNETES, strict=True)


def test_every_file_is_applied() -> None:
    (kustomization,) = objects_in(FOLDER / "kustomization.yaml")
    assert sorted(kustomization["resources"]) == [file.name for file in FILES]
