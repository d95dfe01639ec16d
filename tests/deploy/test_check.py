"""deploy/check.sh and an engine's output, here from a scripted docker."""

import shutil
import subprocess
from pathlib import Path

import pytest

RESPONSE = 'Got response:\nname:"krithik" class:"7" roll:70'
REFUSAL = "Got error:\nrpc error: code = InvalidArgument desc = short\nrequest id: 0"

DOCKER = """#!/bin/bash
case "$*" in
  *' --name krithik') echo '{response}' ;;
  *' --name abc') echo '{refusal}' >&2; exit 1 ;;
  ps*) printf '%s\\n' {containers} ;;
  run*) echo 'no such image' >&2; exit {run} ;;
  inspect*) printf '%s\\n' {codes} ;;
  *) echo "docker $*" ;;
esac
"""


class Machine:
    """A machine with a checkout and, after `write_docker`, a docker."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        (folder / "checkout/deploy").mkdir(parents=True)
        for file in ("check.sh", "Containerfile"):
            shutil.copy(f"deploy/{file}", folder / "checkout/deploy")
        (folder / "checkout/deploy/compose.yaml").write_text("    <<: *server\n" * 3)
        self._write("checkout/bazelw", '#!/bin/sh\necho "bazelw $*"\n')

    def write_docker(
        self,
        response: str = RESPONSE,
        refusal: str = REFUSAL,
        containers: str = "a b c",
        codes: str = "0 0 0",
        run: str = "0",
    ) -> None:
        """Gives it a docker with this output for the chain."""
        text = DOCKER.format(
            response=response, refusal=refusal, containers=containers, codes=codes, run=run
        )
        self._write("bin/docker", text)

    def write_broken_docker(self) -> None:
        """Gives it installed but broken engines, as inside a container."""
        for name in ("docker", "podman"):
            self._write(f"bin/{name}", "#!/bin/sh\nexit 1\n")

    def check(self, **environment: str) -> "subprocess.CompletedProcess[str]":
        """Runs the check."""
        path = f"{self._folder}/bin:/usr/bin:/bin"
        return subprocess.run(
            [self._folder / "checkout/deploy/check.sh"],
            env={"PATH": path} | environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def _write(self, name: str, text: str) -> None:
        program = self._folder / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(text)
        program.chmod(0o755)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_a_chain_that_works(machine: Machine) -> None:
    machine.write_docker()
    checked = machine.check()
    assert checked.returncode == 0, checked.stderr
    *_, verdict, cleaned = checked.stdout.splitlines()
    assert verdict == "the chain responds from containers, and stops with exit code 0"
    assert cleaned.endswith("down")


def test_another_base(machine: Machine) -> None:
    machine.write_docker()
    assert "--build-arg BASE=debian:trixie-slim " in machine.check(BASE="debian:trixie-slim").stdout


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ({"response": "Got error:"}, "no line is as Got response:"),
        ({"refusal": RESPONSE}, "no line is as Got error:"),
        ({"containers": "a b"}, "2 containers run, not 3"),
        ({"codes": "0 137 0"}, "a server stopped with exit code"),
    ],
)
def test_one_that_does_not(machine: Machine, said: dict[str, str], complaint: str) -> None:
    machine.write_docker(**said)
    checked = machine.check()
    assert checked.returncode == 1
    assert complaint in checked.stderr
    assert checked.stdout.endswith("down\n")


def test_an_engine_that_runs_no_container(machine: Machine) -> None:
    machine.write_docker(run="125")
    checked = machine.check()
    assert checked.returncode == 0
    assert "docker: no such image" in checked.stderr
    assert (
        "no container can be run here from debian:bookworm-slim; nothing is checked"
        in checked.stderr
    )
    assert not checked.stdout


def test_a_machine_on_which_no_engine_works(machine: Machine) -> None:
    machine.write_broken_docker()
    checked = machine.check()
    assert checked.returncode == 0
    assert "nothing is checked" in checked.stderr


def test_an_engine_that_has_to_work(machine: Machine) -> None:
    machine.write_docker(run="125")
    checked = machine.check(ENGINE="docker")
    assert checked.returncode == 1
    assert "docker: no such image" in checked.stderr


def test_an_engine_that_there_is_not(machine: Machine) -> None:
    checked = machine.check(ENGINE="dokcer")
    assert checked.returncode == 2
    assert "ENGINE is docker or podman, not dokcer" in checked.stderr
