"""compose.yaml is a chain that works, and that only its own machine reaches."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.deploy.manifests import check_health, local, running_command
from tests.support.client import PATIENCE, run_client
from tests.support.processes import ServerProcess
from tests.support.schemas import is_valid

FILE = Path("deploy/compose.yaml")
SCHEMA = "vendor.compose-spec"


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = YAML(typ="safe").load(FILE)
    return loaded


@pytest.fixture(scope="module")
def servers(compose: dict[str, Any]) -> Iterator[dict[str, ServerProcess]]:
    """The servers as the file starts them, each told where the next one is here."""
    command = {name: service["command"] for name, service in compose["services"].items()}
    with (
        running_command(command["mock-data"], {}) as third,
        running_command(
            command["orc2"], {"dns:///mock-data:10000": local(third.address)}
        ) as second,
        running_command(command["orc1"], {"dns:///orc2:9001": local(second.address)}) as first,
    ):
        yield {"orc1": first, "orc2": second, "mock-data": third}


def test_it_is_as_its_schema_says(tmp_path: Path) -> None:
    assert is_valid(FILE, SCHEMA)
    broken = tmp_path / FILE.name
    broken.write_text(FILE.read_text().replace("stop_grace_period", "stop_grace"))
    assert not is_valid(broken, SCHEMA)


def test_the_chain_answers(servers: dict[str, ServerProcess]) -> None:
    ended = run_client("--target", local(servers["orc1"].address), *PATIENCE)
    assert ended.stdout == b'Got response:\nname:"krithik" class:"7" roll:70\n'


@pytest.mark.parametrize(("name", "port"), [("orc1", 9000), ("orc2", 9001), ("mock-data", 10000)])
def test_a_health_check_passes(
    compose: dict[str, Any], servers: dict[str, ServerProcess], name: str, port: int
) -> None:
    kind, *command = compose["services"][name]["healthcheck"]["test"]
    assert kind == "CMD"
    places = {f"127.0.0.1:{port}": local(servers[name].address)}
    assert check_health(command, places) == b"SERVING\n"


def test_an_upstream_is_there_before_its_caller(compose: dict[str, Any]) -> None:
    for name, upstream in (("orc1", "orc2"), ("orc2", "mock-data")):
        assert list(compose["services"][name]["depends_on"]) == [upstream]


def test_only_this_machine_reaches_it(compose: dict[str, Any]) -> None:
    published = {name: service.get("ports", []) for name, service in compose["services"].items()}
    assert published == {"orc1": ["127.0.0.1:9000:9000"], "orc2": [], "mock-data": []}
    assert compose["networks"]["chain"]["internal"] is True


def test_calls_in_flight_have_their_time(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        assert service["stop_grace_period"] == "12s"  # --grace, 5 s by default, and 7 s
