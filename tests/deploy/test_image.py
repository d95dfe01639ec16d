"""The image's layers hold whole programs, and nothing of the build machine."""

import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from testing.chain import running_chain
from testing.processes import ServerProcess
from tests.support.client import PATIENCE

LAYERS = {name: Path(f"deploy/image/{name}.tar") for name in ("dependencies", "application")}
OWN_FILES = "opt/orchestrator.runfiles/orchestrator/"

# In a container nothing names the place of this test's files.
ENVIRONMENT = {"RUNFILES_DIR": "", "PYTHONPATH": "", "PATH": "/usr/bin:/bin"}


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files of the layers. Links lead from `usr/local/bin` to programs."""
    folder = tmp_path_factory.mktemp("image")
    for layer in LAYERS.values():
        shutil.unpack_archive(layer, folder)
    return folder


@pytest.fixture(scope="module")
def orc1(image: Path) -> Iterator[ServerProcess]:
    """The head of a chain of the image's own."""
    with running_chain(folder=f"{image}/usr/local/bin", environment=ENVIRONMENT) as chain:
        yield chain.orc1


def run_client(image: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    client = image / "usr/local/bin/client"
    return subprocess.run(
        [client, *arguments], env=ENVIRONMENT, capture_output=True, text=True, check=False
    )


def test_its_programs_are_whole(image: Path, orc1: ServerProcess) -> None:
    response = run_client(image, "--target", orc1.address, *PATIENCE)
    assert (response.returncode, response.stderr) == (0, "")
    assert response.stdout == 'Got response:\nname:"krithik" class:"7" roll:70\n'


def test_they_run_from_its_files(image: Path, orc1: ServerProcess) -> None:
    mapped = Path(f"/proc/{orc1.pid}/maps").read_text().split()
    loaded = {name for name in mapped if "site-packages" in name}
    assert loaded
    assert all(name.startswith(str(image)) for name in loaded)


def members(layer: str) -> list[tarfile.TarInfo]:
    with tarfile.open(LAYERS[layer]) as opened:
        return opened.getmembers()


def test_they_write_nothing_beside_themselves(image: Path, orc1: ServerProcess) -> None:
    # For example bytecode: it would be made at each start if it could not be stored.
    assert run_client(image, "health", "--target", orc1.address, *PATIENCE).stdout == "SERVING\n"
    files = {str(path.relative_to(image)) for path in image.rglob("*") if not path.is_dir()}
    assert files == {member.name for layer in LAYERS for member in members(layer)}


@pytest.mark.parametrize("layer", LAYERS)
def test_a_layer_says_nothing_of_who_built_it(layer: str) -> None:
    for member in members(layer):
        assert (member.uid, member.gid, member.uname, member.gname) == (0, 0, "", "")
        assert member.mtime == 0
        assert member.issym() or member.mode in {0o644, 0o755}


def test_a_change_of_ours_is_a_change_of_the_small_layer() -> None:
    assert not [member for member in members("dependencies") if OWN_FILES in member.name]
    sizes = {layer: LAYERS[layer].stat().st_size for layer in LAYERS}
    assert sizes["application"] < sizes["dependencies"] / 20
