"""The servers with the commands of the Kubernetes objects, run here with certificates for each."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import grpc
import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from proto import user_pb2, user_pb2_grpc
from testing.certificates import Authority
from testing.processes import ServerProcess
from testing.waiting import LIMIT_SECONDS
from tests.deploy.kubernetes_objects import (
    SERVERS,
    UPSTREAMS,
    Objects,
    all_objects,
    command,
    container,
    pod,
    port,
)
from tests.deploy.manifests import check_health, local, option, running_all, running_command
from tests.support.client import PATIENCE, run_client


@pytest.fixture(scope="module")
def objects() -> Objects:
    return all_objects()


@dataclass(frozen=True, slots=True)
class Here:
    """Local counterparts of a pod's surroundings.

    Attributes:
        servers: the chain, by its pods' names.
        secrets: folder with each pod's certificates.
    """

    servers: dict[str, ServerProcess]
    secrets: Path


_USAGES = {
    "server auth": ExtendedKeyUsageOID.SERVER_AUTH,
    "client auth": ExtendedKeyUsageOID.CLIENT_AUTH,
}


def write_secrets(objects: Objects, folder: Path) -> None:
    """Writes cert-manager's output: the authority, a pair for each Certificate and a caller."""
    authority = Authority(folder)
    certificates = [item["spec"] for (kind, _), item in objects.items() if kind == "Certificate"]
    caller = {"secretName": "caller", "dnsNames": ["caller"], "usages": ["client auth"]}
    for certificate in [*certificates, caller]:
        secret = folder / certificate["secretName"]
        secret.mkdir()
        usages = [_USAGES[usage] for usage in certificate["usages"] if usage in _USAGES]
        names = certificate["dnsNames"]
        pair = authority.issue(f"{secret.name}-pair", names=names, usages=usages)
        (secret / "tls.crt").write_bytes(pair.certificate.read_bytes())
        (secret / "tls.key").write_bytes(pair.key.read_bytes())
        (secret / "ca.crt").write_bytes(authority.certificate.read_bytes())


def mounts(objects: Objects, name: str, secrets: Path) -> dict[str, str]:
    """Local paths of a server's secrets, by their prefixes in its pod."""
    volumes = {volume["name"]: volume["secret"] for volume in pod(objects, name)["volumes"]}
    return {
        f"={mount['mountPath']}/": f"={secrets / volumes[mount['name']]['secretName']}/"
        for mount in container(objects, name)["volumeMounts"]
    }


@pytest.fixture(scope="module")
def here(objects: Objects, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Here]:
    secrets = tmp_path_factory.mktemp("secrets")
    write_secrets(objects, secrets)

    def start(name: str, upstream: str | None) -> AbstractContextManager[ServerProcess]:
        told, places = command(objects, name), mounts(objects, name, secrets)
        if upstream is not None:
            # An address replaces a name: gRPC gets the certificate's name separately.
            told = [
                *told,
                f"--upstream={upstream}",
                f"--upstream-tls-server-name={UPSTREAMS[name]}",
            ]
        return running_command(told, places)

    with running_all(UPSTREAMS, start) as servers:
        yield Here(servers, secrets)


def tls_options(folder: Path, server_name: str) -> list[str]:
    return [
        f"--tls-ca={folder}/ca.crt",
        f"--tls-certificate={folder}/tls.crt",
        f"--tls-key={folder}/tls.key",
        f"--tls-server-name={server_name}",
    ]


def test_the_chain_serves_a_caller_with_a_certificate(here: Here) -> None:
    target = local(here.servers["orc1"].address)
    ended = run_client("--target", target, *tls_options(here.secrets / "caller", "orc1"), *PATIENCE)
    assert ended.stdout == b'Got response:\nname:"krithik" class:"7" roll:70\n'


def test_no_hop_serves_one_without(here: Here) -> None:
    for name, server in here.servers.items():
        authority, _, _, server_name = tls_options(here.secrets / "caller", name)
        options = ("health", "--timeout", "1", "--target", local(server.address))
        ended = run_client(*options, authority, server_name)
        assert (ended.returncode, ended.stdout) == (1, b""), name


def test_an_upstream_does_not_serve_another_caller(here: Here) -> None:
    with grpc.secure_channel(
        local(here.servers["orc2"].address),
        grpc.ssl_channel_credentials(
            *(
                (here.secrets / "caller" / name).read_bytes()
                for name in ("ca.crt", "tls.key", "tls.crt")
            )
        ),
        options=[("grpc.ssl_target_name_override", "orc2")],
    ) as channel:
        method = user_pb2_grpc.Orchestrator2ServiceStub(channel).GetUser
        call = method.future(user_pb2.User(name="krithik"), timeout=LIMIT_SECONDS)
        assert call.code() is grpc.StatusCode.PERMISSION_DENIED


def test_a_servers_certificate_is_no_callers(here: Here) -> None:
    options = ("health", "--timeout", "1", "--target", local(here.servers["orc2"].address))
    ended = run_client(*options, *tls_options(here.secrets / "orc1-tls", "orc2"))
    assert (ended.returncode, ended.stdout) == (1, b"")


@pytest.mark.parametrize("name", SERVERS)
def test_a_server_passes_its_probes(objects: Objects, here: Here, name: str) -> None:
    places = {
        f"127.0.0.1:{port(objects, name)}": local(here.servers[name].address),
        **mounts(objects, name, here.secrets),
    }
    for kind in ("readinessProbe", "livenessProbe"):
        probe = container(objects, name)[kind]
        assert check_health(probe["exec"]["command"], places) == b"SERVING\n"
        # Otherwise the kubelet ends it, and its error message is lost.
        timeout = option(probe["exec"]["command"], "timeout")
        assert timeout is not None
        assert float(timeout) < probe["timeoutSeconds"]
