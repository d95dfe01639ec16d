"""The version of everything in this repository."""

from pathlib import Path

VERSION = "1.0.0"

_COMMIT = Path(__file__).parents[1] / "commit.txt"


def full_version() -> str:
    """The version and, of a build with `--config=release`, its commit."""
    try:
        commit = _COMMIT.read_text(encoding="utf-8").strip()
    except FileNotFoundError:  # every other build: it knows of no commit, so none can change it
        return VERSION
    return f"{VERSION} ({commit})"
