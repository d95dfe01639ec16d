"""A virtual environment of the workspace, with Bazel's interpreter and the locked packages."""

import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

import pip as pip_package

# What pip may be told by the environment: where packages are, and how they are reached.
_ABOUT_INDEXES = re.compile(
    "PIP_(CACHE_DIR|CERT|CLIENT_CERT|CONFIG_FILE|DEFAULT_TIMEOUT|EXTRA_INDEX_URL|FIND_LINKS|INDEX_URL"
    "|KEYRING_PROVIDER|NO_CACHE_DIR|NO_INDEX|PROXY|RETRIES|TIMEOUT|TRUSTED_HOST)"
)

_PIP_OPTIONS = (
    "--disable-pip-version-check",
    "--ignore-installed",
    "--only-binary=:all:",
    "--quiet",
    "--require-hashes",
)


def make_environment(folder: Path, lock: str, roots: Iterable[Path]) -> bool:
    """Makes an environment, unless the folder has the one of this lock and interpreter.

    Args:
        folder: where it is to be. What is there of another lock is replaced.
        lock: text of a requirements.txt.
        roots: folders to import from, besides.

    Returns:
        Whether it was made.

    Raises:
        subprocess.CalledProcessError: pip or venv has failed, and has said why.
    """
    interpreter = Path(sys.executable).resolve()
    mark = folder / "made-of"
    made_of = hashlib.sha256(f"{interpreter}\n{lock}".encode()).hexdigest()
    if _runs(folder) and mark.exists() and mark.read_text() == made_of:
        return False
    mark.unlink(missing_ok=True)
    _run(interpreter, "-m", "venv", "--clear", "--without-pip", folder)
    _install(folder, lock)
    _put_on_path(folder, roots)
    mark.write_text(made_of)
    return True


def without_packages(lock: str, names: Iterable[str]) -> str:
    """The text of a requirements.txt without some packages: they have no wheel for a machine."""
    for name in names:
        lock = re.sub(rf"^{re.escape(name)}==.*\n(?:[ ].*\n)*", "", lock, flags=re.MULTILINE)
    return lock


def _runs(folder: Path) -> bool:
    return (folder / "bin" / "python").exists()  # a link, whose interpreter may be gone


def _install(folder: Path, lock: str) -> None:
    requirements = folder / "requirements.txt"
    requirements.write_text(lock, encoding="utf-8")
    pip = Path(pip_package.__file__).parent
    # A pip.conf may name another place.
    place = ["--no-user", f"--prefix={folder}", "--root=/", "--target="]
    python = folder / "bin" / "python"
    _run(python, pip, "install", *_PIP_OPTIONS, *place, "--requirement", requirements)


def _put_on_path(folder: Path, roots: Iterable[Path]) -> None:
    [packages] = folder.glob("lib/python3*/site-packages")
    (packages / "workspace.pth").write_text("".join(f"{root}\n" for root in roots))


def _run(*command: str | Path) -> None:
    subprocess.run(command, env=_undisturbed(os.environ), check=True)  # noqa: S603


def _undisturbed(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment, without what else would change how Python and pip work."""
    kept = {
        name: value
        for name, value in environment.items()
        if not name.startswith(("PIP_", "PYTHON")) or _ABOUT_INDEXES.fullmatch(name)
    }
    # A pip.conf's constraints cannot be taken back by an option.
    return kept | {"PIP_CONSTRAINT": os.devnull}
