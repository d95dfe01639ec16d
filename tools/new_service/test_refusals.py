"""An impossible addition or removal of a service is refused in one line. Nothing is written."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tools.new_service.copies import copy_workspace, new_service, texts


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_workspace(tmp_path_factory.mktemp("refusals"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("Greet", "no name for a service"),
        ("greet-me", "no name for a service"),
        ("1greet", "no name for a service"),
        ("../greet", "no name for a service"),
        ("greet__me", "no name for a service"),
        ("class", "no name for a service"),
        ("none", "no name for a service"),
        ("no", "no name for a service"),
        ("a" * 21, "at most 20 characters"),
        ("orc1", "there is a service orc1 already"),
        ("user", "proto/user.proto is there already"),
        ("namespace", "deploy/kubernetes/namespace.yaml is there already"),
        ("network_policies", "network-policies.yaml is there already"),
        ("opentelemetry", "a Python module is called"),
        ("logging", "a Python module is called 'logging' already"),
        ("grpc", "a Python module is called 'grpc' already"),
        ("wire", "a Python module is called 'wire' already"),
        ("testing", "a Python module is called 'testing' already"),
        ("orjson", "a Python module is called 'orjson' already"),
        ("library", "the name of something else"),
        ("service", "the name of something else"),
        ("test_greet", "the name of something else"),
        ("orc1_client", "the name of something else"),
        ("user_pb2", "the name of something else"),
        ("user_pb2_grpc", "the name of something else"),
        ("conftest", "the name of something else"),
        ("list", "the name of something else"),
        ("greet --upstream orc9", "there is no service 'orc9' to call; there are mock_data, orc1"),
        ("greet --kind duplex", "'duplex' is not one of"),
        ("greet --remove", "'greet' has no services/greet with a contract in proto/greet"),
        ("orc1 --remove", "'orc1' has no services/orc1 with a contract in proto/orc1"),
        (".. --remove", "'..' has no services/.. with"),
    ],
)
def test_it_is_refused_and_nothing_is_written(workspace: Path, arguments: str, said: str) -> None:
    before = texts(workspace)
    ended = new_service(workspace, *arguments.split(" "))
    assert ended.returncode != 0
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr
    assert texts(workspace) == before


def test_an_upstream_that_cannot_be_called_is_refused(tmp_path: Path) -> None:
    workspace = copy_workspace(tmp_path)
    assert new_service(workspace, "stream", "--kind", "bidi").returncode == 0
    before = texts(workspace)
    ended = new_service(workspace, "greet", "--upstream", "stream")
    assert "StreamService of stream has no unary method" in ended.stderr
    assert texts(workspace) == before


def test_a_field_that_is_a_word_of_python_cannot_be_called(tmp_path: Path) -> None:
    workspace = copy_workspace(tmp_path)
    assert new_service(workspace, "users").returncode == 0
    contract = workspace / "proto/users/users.proto"
    contract.write_text(contract.read_text().replace("string text", "string from"))
    before = texts(workspace)
    ended = new_service(workspace, "greet", "--upstream", "users")
    assert "UsersService of users has no unary method" in ended.stderr
    assert texts(workspace) == before


def test_a_service_that_another_calls_is_not_removed(tmp_path: Path) -> None:
    workspace = copy_workspace(tmp_path)
    assert new_service(workspace, "users").returncode == 0
    assert new_service(workspace, "greet", "--upstream", "users").returncode == 0
    before = texts(workspace)
    ended = new_service(workspace, "users", "--remove")
    assert "greet calls users: remove or change that first" in ended.stderr
    assert texts(workspace) == before


def test_a_service_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    workspace = copy_workspace(tmp_path)
    source = workspace / "services/orc1/orc1.py"
    source.write_text(source.read_text().replace("port=9000", "port=PORT"))
    before = texts(workspace)
    ended = new_service(workspace, "greet")
    assert "services/orc1/orc1.py: there has to be one Service(...)" in ended.stderr
    assert texts(workspace) == before


def test_a_disk_error_leaves_no_part_of_the_service(tmp_path: Path) -> None:
    workspace = copy_workspace(tmp_path)
    before = texts(workspace)
    # Of all files only a server's manifest is longer. It is written last.
    with _longest_file(7000):
        ended = new_service(workspace, "greet")
    assert ended.returncode == 1
    assert ended.stderr == (
        f"Error: [Errno 27] File too large: nothing of greet is left in {workspace}\n"
    )
    assert texts(workspace) == before


@contextmanager
def _longest_file(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
