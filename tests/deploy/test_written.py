"""The files of //deploy with services' names are written from the services' declarations."""

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from deploy.write import files, write, written
from services.declarations import Declaration, declarations

DEPLOY = Path("deploy")
SERVICES = declarations(Path("services"))

GREET = {
    "users": Declaration("users", 9003, {}),
    "greet": Declaration("greet", 9002, {"orc2": 9001, "users": 9003}),
    "orc2": Declaration("orc2", 9001, {}),
}


def test_the_files_are_those_of_the_services_as_they_are() -> None:
    made = files(SERVICES)
    assert set(written(DEPLOY)) == set(made), "run ./bazelw run //deploy:write"
    for path, text in made.items():
        assert (DEPLOY / path).read_text() == text, "run ./bazelw run //deploy:write"


def test_each_service_is_there() -> None:
    hosts = {name.replace("_", "-") for name in SERVICES}
    assert {f"kubernetes/{host}.yaml" for host in hosts} <= {str(path) for path in files(SERVICES)}


@pytest.fixture
def deploy(tmp_path: Path) -> Path:
    """A folder with newly written files of the services."""
    (tmp_path / "kubernetes/authority").mkdir(parents=True)
    (tmp_path / "observability").mkdir()
    write(tmp_path, SERVICES)
    return tmp_path


def test_what_is_current_is_not_written_again(deploy: Path) -> None:
    assert write(deploy, SERVICES) == []


def test_a_service_that_is_gone_is_taken_out(deploy: Path) -> None:
    (deploy / "kubernetes/namespace.yaml").write_text("by hand")
    left = {name: service for name, service in SERVICES.items() if name != "orc1"}
    changed = {str(path) for path in write(deploy, left)}
    assert "kubernetes/orc1.yaml" in changed
    assert set(written(deploy)) == set(files(left))
    assert "orc1" not in (deploy / "compose.yaml").read_text()
    assert (deploy / "kubernetes/namespace.yaml").read_text() == "by hand"


def objects(host: str) -> dict[str, Any]:
    text = files(GREET)[Path(f"kubernetes/{host}.yaml")]
    return {item["kind"]: item for item in YAML(typ="safe").load_all(text)}


def arguments(host: str) -> list[str]:
    (container,) = objects(host)["Deployment"]["spec"]["template"]["spec"]["containers"]
    told: list[str] = container["args"]
    return told


def test_each_of_several_upstreams_has_options_of_its_own() -> None:
    told = arguments("greet")
    assert "--upstream-orc2=dns:///orc2:9001" in told
    assert "--upstream-users=dns:///users:9003" in told
    assert "--upstream-users-tls-ca=/client-tls/ca.crt" in told


def test_each_of_several_upstreams_can_be_reached() -> None:
    egress = objects("greet")["NetworkPolicy"]["spec"]["egress"]
    assert [rule["ports"] for rule in egress] == [[{"port": 9001}], [{"port": 9003}]]


def test_an_upstream_lets_its_callers_in_and_nobody_else() -> None:
    assert "--allow-caller=greet.orchestrator.svc.cluster.local" in arguments("users")
    (rule,) = objects("users")["NetworkPolicy"]["spec"]["ingress"]
    labels = {"app.kubernetes.io/name": "greet"}
    assert rule["from"] == [{"podSelector": {"matchLabels": labels}}]


def test_only_what_no_server_calls_is_published() -> None:
    compose = YAML(typ="safe").load(files(GREET)[Path("compose.yaml")])["services"]
    assert {name for name, service in compose.items() if "ports" in service} == {"greet"}
    assert compose["greet"]["depends_on"] == ["orc2", "users"]
