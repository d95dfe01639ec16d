"""compose.yaml runs a working chain, reachable only from its own machine."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from testing.processes import ServerProcess
from tests.deploy.manifests import (
    CHAIN,
    calls,
    check_health,
    local,
    option,
    port,
    running_all,
    running_command,
    upstream,
)
from tests.support.client import PATIENCE, run_client
from tests.support.schemas import is_valid

FILE = Path("deploy/compose.yaml")
SCHEMA = "vendor.compose-spec"


def read() -> dict[str, Any]:
    loaded: dict[str, Any] = YAML(typ="safe").load(FILE)
    return loaded


UPSTREAMS = {name: upstream(service["command"]) for name, service in read()["services"].items()}
CALLS = calls(UPSTREAMS)


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return read()


@pytest.fixture(scope="module")
def servers(compose: dict[str, Any]) -> Iterator[dict[str, ServerProcess]]:
    """The servers as the file starts them, each with its upstream's address here."""

    def start(name: str, address: str | None) -> AbstractContextManager[ServerProcess]:
        command = compose["services"][name]["command"]
        return running_command([*command, f"--upstream={address}"] if address else command, {})

    with running_all(UPSTREAMS, start) as servers:
        yield servers


def test_it_matches_its_schema(tmp_path: Path) -> None:
    assert is_valid(FILE, SCHEMA)
    broken = tmp_path / FILE.name
    broken.write_text(FILE.read_text().replace("stop_grace_period", "stop_grace"))
    assert not is_valid(broken, SCHEMA)


def test_the_chain_responds(servers: dict[str, ServerProcess]) -> None:
    ended = run_client("--target", local(servers["orc1"].address), *PATIENCE)
    assert ended.stdout == b'Got response:\nname:"krithik" class:"7" roll:70\n'


def test_the_servers_are_those_of_the_chain_at_least() -> None:
    assert CHAIN.items() <= UPSTREAMS.items()


@pytest.mark.parametrize("name", UPSTREAMS)
def test_a_health_check_passes(
    compose: dict[str, Any], servers: dict[str, ServerProcess], name: str
) -> None:
    kind, *command = compose["services"][name]["healthcheck"]["test"]
    assert kind == "CMD"
    places = {
        f"127.0.0.1:{port(compose['services'][name]['command'])}": local(servers[name].address)
    }
    assert check_health(command, places) == b"SERVING\n"


@pytest.mark.parametrize(("name", "called"), CALLS)
def test_an_upstream_is_there_before_its_caller(
    compose: dict[str, Any], name: str, called: str
) -> None:
    services = compose["services"]
    number = port(services[called]["command"])
    assert option(services[name]["command"], "upstream") == f"dns:///{called}:{number}"
    assert services[name]["depends_on"] == [called]


def test_only_this_machine_reaches_it(compose: dict[str, Any]) -> None:
    published = {name: service.get("ports", []) for name, service in compose["services"].items()}
    assert published["orc1"] == ["127.0.0.1:9000:9000"]
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)
    assert not any(published[called] for _, called in CALLS)
    assert compose["networks"]["chain"]["internal"] is True


def test_calls_in_flight_have_their_time(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        assert service["stop_grace_period"] == "12s"  # --grace, 5 s by default, and 7 s


def test_the_log_has_a_limit(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        assert service["logging"]["options"] == {"max-size": "10m", "max-file": "5"}
