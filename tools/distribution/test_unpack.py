"""Packages are unpacked as apt and dpkg-deb give them. Stand-ins write what they are told."""

import os
import subprocess
from pathlib import Path

import pytest

_UNPACK = Path("tools/distribution/unpack.sh").absolute()
# As apt-get, it needs its configuration file. `--download-only` says that packages are wanted.
_APT_GET = """#!/bin/bash
while (($#)) && [[ $1 != -c ]]; do shift; done
[[ -r $2 ]] || { echo "E: Opening configuration file $2" >&2; exit 100; }
[[ " $* " != *" --download-only "* ]] || : >"$ARCHIVES/${*: -1}.deb"
"""
_DPKG_DEB = """#!/bin/bash
[[ $1 == --extract ]] && : >"$3/$(basename "$2" .deb)"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in {"apt-get": _APT_GET, "dpkg-deb": _DPKG_DEB}.items():
        program = tmp_path / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(text)
        program.chmod(0o755)
    return tmp_path / "unpacked"


def unpack(folder: Path) -> "subprocess.CompletedProcess[str]":
    environment = {
        "ARCHIVES": f"{folder}.partial/archives",
        "PATH": f"{folder.parent}/bin:{os.environ['PATH']}",
    }
    return subprocess.run(
        [_UNPACK, folder, "nginx"], env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.skipif(
    not Path("/var/lib/dpkg/status").exists(), reason="the distribution has no packages of Debian's"
)
def test_packages_are_unpacked_into_the_folder(folder: Path) -> None:
    result = unpack(folder)
    assert result.returncode == 0, result.stderr
    assert (folder / "nginx").exists()


def test_a_failed_download_is_said_and_leaves_no_folder(folder: Path) -> None:
    (folder.parent / "bin/apt-get").write_text("#!/bin/sh\necho 'E: no mirror'\nexit 100\n")
    result = unpack(folder)
    assert result.returncode == 1
    assert "nginx cannot be downloaded" in result.stderr
    assert not folder.exists()
