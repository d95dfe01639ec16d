"""A release build's knowledge of its source, with a scripted git."""

import subprocess
from pathlib import Path

import pytest

_COMMIT = "0123456789012345678901234567890123456789"


def write_git(folder: Path, *, changes: str = "", is_checkout: bool = True) -> Path:
    """A folder with a git program."""
    git = folder / "git"
    git.write_text(f"""#!/bin/sh
        {"" if is_checkout else "echo fatal: not a git repository >&2; exit 128"}
        case "$*" in
          'rev-parse --verify HEAD') echo {_COMMIT} ;;
          'status --porcelain --untracked-files=normal') printf '{changes}' ;;
          *) exit 99 ;;
        esac
    """)
    git.chmod(0o755)
    return folder


def status(git: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["tools/release/workspace_status.sh"],
        env={"PATH": str(git)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_clean_checkout(tmp_path: Path) -> None:
    assert status(write_git(tmp_path)).stdout == f"STABLE_COMMIT commit {_COMMIT}\n"


@pytest.mark.parametrize("changes", [" M rpc/core/call.py", "?? new.py", " M a\\n?? b\\n"])
def test_a_checkout_with_changes(tmp_path: Path, changes: str) -> None:
    result = status(write_git(tmp_path, changes=changes))
    assert result.stdout == f"STABLE_COMMIT commit {_COMMIT}, with changes\n"


def test_no_checkout_ends_the_build_and_says_why(tmp_path: Path) -> None:
    result = status(write_git(tmp_path, is_checkout=False))
    assert result.returncode == 1
    assert "without --config=release" in result.stderr
