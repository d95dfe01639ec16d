"""A clone has the repository's bytes, for any line-end setting of git."""

import subprocess
from pathlib import Path

import pytest

_LINES = b"#!/bin/sh\necho\n"


def git(folder: Path, *words: str) -> None:
    config = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "init.defaultBranch=main"]
    subprocess.run(["git", *config, *words], cwd=folder, env={"PATH": "/usr/bin:/bin"}, check=True)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone, with core.autocrlf, of a repository with our attributes and a script."""
    origin = tmp_path / "origin"
    origin.mkdir()
    (origin / "script").write_bytes(_LINES)
    (origin / ".gitattributes").write_bytes(Path(".gitattributes").read_bytes())
    git(origin, "init", "--quiet")
    git(origin, "add", ".")
    git(origin, "commit", "--quiet", "--message=a")
    git(tmp_path, "clone", "--quiet", "--config=core.autocrlf=true", "origin", "clone")
    return tmp_path / "clone"


def test_a_clone_with_autocrlf_has_the_lines_as_they_are(clone: Path) -> None:
    assert (clone / "script").read_bytes() == _LINES


def test_other_ends_of_lines_are_not_committed(clone: Path) -> None:
    (clone / "script").write_bytes(_LINES.replace(b"\n", b"\r\n"))
    git(clone, "add", ".")
    git(clone, "diff", "--cached", "--exit-code")
