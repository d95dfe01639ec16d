"""What is read from the services' sources is what they declare when they run."""

from importlib import import_module
from pathlib import Path

from rpc.service import Service

import pytest

from services.declarations import Declaration, DeclarationError, declarations

SERVICES = declarations(Path("services"))

DECLARATION = """
LIMIT = 3
SERVICE = Service(
    "greet",
    port=9002,
    upstreams=[Upstream("orc2", Orc2Stub, port=9001), Upstream("users", UsersStub, 9003)],
)
"""


def service(name: str) -> Service:
    declared: Service = import_module(f"services.{name}.{name}").SERVICE
    return declared


@pytest.mark.parametrize("name", SERVICES)
def test_the_source_says_what_the_service_declares(name: str) -> None:
    declared = service(name).application
    upstreams = {upstream.name: upstream.port for upstream in declared.upstreams}
    assert SERVICES[name] == Declaration(declared.name, declared.port, upstreams)
    assert declared.name == name


@pytest.mark.parametrize("name", SERVICES)
def test_an_upstream_listens_where_its_callers_look_for_it(name: str) -> None:
    upstreams = SERVICES[name].upstreams
    ports = {called: SERVICES[called].port for called in upstreams if called in SERVICES}
    assert ports.items() <= upstreams.items()


def test_no_two_services_listen_on_one_port() -> None:
    ports = [one.port for one in SERVICES.values()]
    assert sorted(set(ports)) == sorted(ports)


def written(folder: Path, text: str) -> Path:
    (folder / "greet").mkdir()
    (folder / "greet/greet.py").write_text(text)
    (folder / "greet/test_greet.py").touch()
    return folder


def test_several_upstreams_are_read(tmp_path: Path) -> None:
    found = declarations(written(tmp_path, DECLARATION))
    assert found == {"greet": Declaration("greet", 9002, {"orc2": 9001, "users": 9003})}


def test_a_source_that_is_not_python_is_named_with_the_line(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match=r"greet/greet\.py, line 2: invalid syntax"):
        declarations(written(tmp_path, "\nSERVICE = = 1\n"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        DECLARATION.replace("port=9002", "port=LIMIT"),
        DECLARATION.replace("    port=9002,\n", ""),
        DECLARATION.replace(", 9003)", ")"),
        DECLARATION * 2,
    ],
    ids=["no declaration", "name", "no port", "no port of an upstream", "two"],
)
def test_what_cannot_be_read_is_refused_with_the_file(tmp_path: Path, text: str) -> None:
    with pytest.raises(DeclarationError, match=r"greet/greet\.py: there has to be one Service"):
        declarations(written(tmp_path, text))
