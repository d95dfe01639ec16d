"""Relative paths start in the folder of `bazel run`'s caller, though programs run elsewhere."""

import os
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from testing.certificates import Authority
from testing.processes import run_to_end, running
from testing.runfiles import command_line
from testing.waiting import LIMIT_SECONDS, wait_until
from tests.support.client import PATIENCE


def in_folder(folder: str | Path) -> dict[str, str]:
    return {"BUILD_WORKING_DIRECTORY": str(folder)}


def test_a_servers_certificate_and_ready_file_are_found(tmp_path: Path) -> None:
    Authority(tmp_path).issue("server")
    options = ["--listen=127.0.0.1:0", "--tls-certificate=server.pem", "--tls-key=server.key"]
    process = subprocess.Popen(
        [*command_line("services/mock_data"), *options, "--ready-file=ready"],
        env=os.environ | in_folder(tmp_path),
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until((tmp_path / "ready").exists, "the server serves")
    finally:
        process.terminate()
        assert process.wait(LIMIT_SECONDS) == 0


def test_a_servers_socket_is_found_by_its_caller_and_the_client() -> None:
    # Not pytest's tmp_path: the kernel accepts at most 107 bytes of a path.
    with TemporaryDirectory() as folder:
        here = in_folder(folder)
        with running("services/mock_data", "--listen=unix:last", environment=here):
            upstream = "--upstream=unix:last"
            with running("services/orc2", upstream, "--listen=unix:middle", environment=here):
                options = ["health", "--target=unix:middle", *PATIENCE]
                ended = run_to_end("client", *options, environment=here)
        assert (ended.returncode, ended.stdout) == (0, "SERVING\n")


def test_the_clients_authority_is_found(tmp_path: Path) -> None:
    pair = Authority(tmp_path).issue("server")
    tls = [f"--tls-certificate={pair.certificate}", f"--tls-key={pair.key}"]
    with running("services/mock_data", *tls) as server:
        options = ["health", "--target", server.address, "--tls-ca=authority.pem", *PATIENCE]
        ended = run_to_end("client", *options, environment=in_folder(tmp_path))
    assert (ended.returncode, ended.stdout) == (0, "SERVING\n")


@pytest.mark.parametrize("name", ["client", "services/mock_data"])
def test_a_missing_folder_is_reported_in_one_line(name: str, tmp_path: Path) -> None:
    ended = run_to_end(name, environment=in_folder(tmp_path / "gone"))
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    assert "which BUILD_WORKING_DIRECTORY names: No such file or directory" in ended.stderr
