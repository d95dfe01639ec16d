"""A new service of each kind, with or without an upstream, has clean code and passing tests."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from testing.runfiles import runfile
from tools.new_service.copies import copy_workspace, new_service, texts

RUFF = str(Path(os.environ["RUFF"]).absolute())

LONG = "a_name_of_twenty_let"

OPTIONS = ["-c", "pyproject.toml", "-p", "no:cacheprovider", "--timeout=60"]

SERVICES = {
    "unary": [LONG, "--kind", "unary"],
    "server_stream": ["greet", "--kind", "server_stream"],
    "client_stream": ["greet", "--kind", "client_stream"],
    "bidi": ["greet", "--kind", "bidi"],
    "upstream": [LONG, "--upstream", "mock_data"],
    "upstream and stream": ["greet", "--kind", "bidi", "--upstream", "orc2"],
}


class Workspace:
    """A workspace with an added service, and a stand-in for Bazel."""

    def __init__(self, folder: Path, arguments: list[str]) -> None:
        self.folder = copy_workspace(folder)
        self.name = arguments[0]
        self.before = texts(self.folder)
        self.added = new_service(self.folder, *arguments, "--ruff", RUFF)
        assert self.added.returncode == 0, self.added.stderr

    def compile_contract(self) -> None:
        """Generates the code of the contract."""
        contract = f"proto/{self.name}/{self.name}.proto"
        options = ["-I.", "--python_out=.", "--grpc_python_out=."]
        self.run(sys.executable, "-m", "grpc_tools.protoc", *options, contract)

    def run(self, *command: str) -> None:
        """Runs a command in the folder. It has to succeed."""
        ours = runfile(".")
        path = [str(self.folder), *(entry for entry in sys.path if Path(entry) != ours)]
        environment = {
            "HOME": str(self.folder),
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join(path),
            "PYTHONSAFEPATH": "1",
        }
        ended = subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.fixture(scope="module", params=SERVICES.values(), ids=list(SERVICES))
def workspace(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Workspace:
    return Workspace(tmp_path_factory.mktemp("new"), request.param)


def test_what_is_written_is_named(workspace: Workspace) -> None:
    after = texts(workspace.folder)
    changed = {name for name, text in after.items() if text != workspace.before.get(name)}
    assert changed <= set(workspace.added.stdout.splitlines())
    assert f"services/{workspace.name}/{workspace.name}.py" in changed
    assert f"./bazelw run //services:{workspace.name}" in workspace.added.stdout


def test_the_code_is_clean(workspace: Workspace) -> None:
    folders = ("services", f"proto/{workspace.name}/__init__.py")
    workspace.run(RUFF, "check", "--no-cache", *folders)
    workspace.run(RUFF, "format", "--no-cache", "--check", *folders)


def test_its_tests_pass(workspace: Workspace) -> None:
    workspace.compile_contract()
    workspace.run(sys.executable, "-m", "pytest", *OPTIONS, f"services/{workspace.name}")


def test_it_is_taken_back(workspace: Workspace) -> None:
    assert new_service(workspace.folder, workspace.name, "--remove").returncode == 0
    assert texts(workspace.folder) == workspace.before
