"""The ready file: complete, or absent."""

import os
import subprocess
import sys
from pathlib import Path

from rpc.server.ready_file import ReadyFileError, remove_ready_file, write_ready_file

import pytest


def test_the_address_is_in_it(tmp_path: Path) -> None:
    write_ready_file(tmp_path / "ready", "127.0.0.1:9000", None)
    assert (tmp_path / "ready").read_text() == "127.0.0.1:9000\n"
    assert [path.name for path in tmp_path.iterdir()] == ["ready"]


def test_the_metrics_address_is_on_a_second_line(tmp_path: Path) -> None:
    write_ready_file(tmp_path / "ready", "127.0.0.1:9000", "127.0.0.1:9100")
    assert (tmp_path / "ready").read_text() == "127.0.0.1:9000\n127.0.0.1:9100\n"


_WRITE = r"""
import sys
from pathlib import Path
from rpc.server.ready_file import write_ready_file
write_ready_file(Path(sys.argv[1]), "unix:/run/\xe9", None)
"""


def test_it_is_utf8_whatever_the_locale(tmp_path: Path) -> None:
    variables = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONPATH": os.pathsep.join(sys.path)}
    command: list[str | Path] = [sys.executable, "-X", "utf8=0", "-c", _WRITE, tmp_path / "ready"]
    subprocess.run(command, env=os.environ | variables, check=True)
    assert (tmp_path / "ready").read_bytes() == "unix:/run/é\n".encode()


def test_one_of_an_earlier_run_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "ready").write_text("old")
    write_ready_file(tmp_path / "ready", "127.0.0.1:9000", None)
    assert (tmp_path / "ready").read_text() == "127.0.0.1:9000\n"


@pytest.mark.parametrize(
    ("path", "reason"),
    [("missing/ready", "No such file"), ("file/ready", "Not a directory"), ("folder", "directory")],
)
def test_where_it_cannot_be_written_nothing_is_left(tmp_path: Path, path: str, reason: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    with pytest.raises(ReadyFileError, match=rf"--ready-file .*{path}: .*{reason}"):
        write_ready_file(tmp_path / path, "127.0.0.1:9000", None)
    assert sorted(found.name for found in tmp_path.rglob("*")) == ["file", "folder"]


def test_it_can_be_removed_whether_or_not_it_is_there(tmp_path: Path) -> None:
    write_ready_file(tmp_path / "ready", "127.0.0.1:9000", None)
    for _ in range(2):
        remove_ready_file(tmp_path / "ready")
        assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_removed_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ReadyFileError, match="cannot remove --ready-file"):
        remove_ready_file(tmp_path)
