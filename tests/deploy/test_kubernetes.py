"""The objects for Kubernetes: as its schemas say, and, run here as they say, a chain that works."""

import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
from ruamel.yaml import YAML

from tests.deploy.manifests import check_health, local, option, running_command
from tests.support.certificates import Authority
from tests.support.client import run_client
from tests.support.processes import ServerProcess

FOLDER = Path("deploy/kubernetes")
KUBERNETES = "1.37"
SERVERS = ["orc1", "orc2", "mock-data"]
UPSTREAMS = {"orc1": "orc2", "orc2": "mock-data"}

# Kustomize's file is no object, and what cert-manager adds to Kubernetes is in its own schemas.
FILES = sorted(set(FOLDER.glob("*.yaml")) - {FOLDER / "kustomization.yaml"})
BUILT_IN = [file for file in FILES if file.name != "certificates.yaml"]


def objects_in(file: Path) -> list[dict[str, Any]]:
    # Version 1.1, as Kubernetes reads it: 0440 is octal.
    reader = YAML(typ="safe")
    reader.version = (1, 1)
    return list(reader.load_all(file.read_text()))


Objects = dict[tuple[str, str], dict[str, Any]]


@pytest.fixture(scope="module")
def objects() -> Objects:
    """All objects, by kind and name."""
    every = [item for file in FILES for item in objects_in(file)]
    return {(item["kind"], item["metadata"]["name"]): item for item in every}


def pod(objects: Objects, name: str) -> dict[str, Any]:
    spec: dict[str, Any] = objects["Deployment", name]["spec"]["template"]["spec"]
    return spec


def container(objects: Objects, name: str) -> dict[str, Any]:
    (only,) = pod(objects, name)["containers"]
    assert isinstance(only, dict)
    return only


def command(objects: Objects, name: str) -> list[str]:
    run = container(objects, name)
    return [*run["command"], *run["args"]]


def port(objects: Objects, name: str) -> int:
    address = option(command(objects, name), "listen")
    assert address is not None
    return int(address.rpartition(":")[2])


@dataclass(frozen=True, slots=True)
class Here:
    """Where this machine has what a pod has elsewhere.

    Attributes:
        servers: the chain, by its pods' names.
        secrets: folder with each pod's certificates.
    """

    servers: dict[str, ServerProcess]
    secrets: Path


def write_secrets(objects: Objects, folder: Path) -> None:
    """Writes what cert-manager would: a pair and the authority for each certificate of a server."""
    authority = Authority(folder)
    for name in [*SERVERS, "caller"]:
        secret = folder / name
        secret.mkdir()
        names = objects["Certificate", name]["spec"]["dnsNames"] if name in SERVERS else ["caller"]
        pair = authority.issue(f"{name}-pair", names=names)
        (secret / "tls.crt").write_bytes(pair.certificate.read_bytes())
        (secret / "tls.key").write_bytes(pair.key.read_bytes())
        (secret / "ca.crt").write_bytes(authority.certificate.read_bytes())


@pytest.fixture(scope="module")
def here(objects: Objects, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Here]:
    secrets = tmp_path_factory.mktemp("secrets")
    write_secrets(objects, secrets)

    def told(name: str, upstream: ServerProcess | None = None) -> tuple[list[str], dict[str, str]]:
        places = {"=/tls/": f"={secrets / name}/"}
        if upstream is None:
            return command(objects, name), places
        # An address in the place of a name: gRPC is told for which name the certificate has to be.
        next_name = UPSTREAMS[name]
        places[f"dns:///{next_name}:{port(objects, next_name)}"] = local(upstream.address)
        return [*command(objects, name), f"--upstream-tls-server-name={next_name}"], places

    with (
        running_command(*told("mock-data")) as third,
        running_command(*told("orc2", third)) as second,
        running_command(*told("orc1", second)) as first,
    ):
        yield Here({"orc1": first, "orc2": second, "mock-data": third}, secrets)


def tls_options(folder: Path, server_name: str) -> list[str]:
    return [
        f"--tls-ca={folder}/ca.crt",
        f"--tls-certificate={folder}/tls.crt",
        f"--tls-key={folder}/tls.key",
        f"--tls-server-name={server_name}",
    ]


def test_the_chain_answers_a_caller_with_a_certificate(here: Here) -> None:
    target = local(here.servers["orc1"].address)
    ended = run_client("--target", target, *tls_options(here.secrets / "caller", "orc1"))
    assert ended.stdout == b'Got response:\nname:"krithik" class:"7" roll:70\n'


def test_no_hop_answers_one_without(here: Here) -> None:
    for name, server in here.servers.items():
        authority, _, _, server_name = tls_options(here.secrets / "caller", name)
        options = ("health", "--timeout", "1", "--target", local(server.address))
        ended = run_client(*options, authority, server_name)
        assert (ended.returncode, ended.stdout) == (1, b""), name


@pytest.mark.parametrize("name", SERVERS)
def test_a_server_passes_its_probes(objects: Objects, here: Here, name: str) -> None:
    places = {
        f"127.0.0.1:{port(objects, name)}": local(here.servers[name].address),
        "=/tls/": f"={here.secrets / name}/",
    }
    for kind in ("readinessProbe", "livenessProbe"):
        probe = container(objects, name)[kind]
        assert check_health(probe["exec"]["command"], places) == b"SERVING\n"
        # Else the kubelet ends it, and its word of what is wrong is lost.
        timeout = option(probe["exec"]["command"], "timeout")
        assert timeout is not None
        assert float(timeout) < probe["timeoutSeconds"]


@pytest.mark.parametrize("name", SERVERS)
def test_a_pod_outlives_its_drain(objects: Objects, name: str) -> None:
    told = [option(command(objects, name), wait) for wait in ("drain-delay", "grace")]
    seconds = [float(value) for value in told if value is not None]
    assert pod(objects, name)["terminationGracePeriodSeconds"] >= sum(seconds) + 3


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
