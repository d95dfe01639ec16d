"""What ./bazelw runs on the GitHub route, on a machine of either route."""

import os
import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tools.github_route.pins import Pin

# CPython's archive is GitHub's too, and nothing else on a Debian-only machine has it.
_KEPT = "common --override_repository=python3_11_"


def environment(checkout: Path, folder: Path) -> dict[str, str]:
    """The environment for ./bazelw to take the GitHub route.

    Where this machine takes the Debian route, `folder` gets Debian's `bazel` without Debian's rule
    sets, and PATH begins there.

    Raises:
        subprocess.CalledProcessError: ./bazelw finds no Bazel.
    """
    shown = _where(checkout)
    path = os.environ["PATH"]
    if shown["route"].startswith("debian"):
        _write_launcher(Path(shown["bazel"]), shown["version"].split()[0], folder)
        path = f"{folder}:{path}"
    return os.environ | {"BAZELW_ROUTE": "github", "PATH": path}


def _where(checkout: Path) -> Mapping[str, str]:
    lines = (line.partition(":") for line in _bazelw(checkout, "--where").splitlines())
    return {name: value.strip() for name, _, value in lines}


def _bazelw(checkout: Path, *words: str) -> str:
    return subprocess.run(  # noqa: S603 (no shell, the words are fixed)
        ["./bazelw", *words], cwd=checkout, stdout=subprocess.PIPE, text=True, check=True
    ).stdout


def _write_launcher(bazel: Path, version: str, folder: Path) -> None:
    folder.mkdir(parents=True)
    prefix = bazel.parents[2]
    lines = prefix.joinpath("bazelrc").read_text("utf-8").splitlines(keepends=True)
    (folder / "bazelrc").write_text("".join(line for line in lines if line.startswith(_KEPT)))
    launcher = folder / "bazel"
    launcher.write_text(
        f"""#!/bin/bash
[[ ${{1:-}} != --version ]] || exec echo "bazel {version}"
exec {shlex.join([str(bazel), *_startup_flags(prefix, folder / "bazelrc")])} "$@"
"""
    )
    launcher.chmod(0o755)


def _startup_flags(prefix: Path, rc_file: Path) -> list[str]:
    """Bazelw's own, with another rc file."""
    flags = prefix.joinpath("startup_flags").read_text("utf-8").splitlines()
    # bazelw makes one for each bundle of authorities.
    authorities = max(prefix.glob("authorities-*.jks"), key=lambda file: file.stat().st_mtime)
    return [
        *(flag for flag in flags if not flag.startswith("--bazelrc=")),
        f"--bazelrc={rc_file}",
        f"--host_jvm_args=-Djavax.net.ssl.trustStore={authorities}",
    ]


def rule_set_folders(checkout: Path, pins: list[Pin]) -> dict[Pin, Path]:
    """The folders of the rule sets of this machine's own route.

    Raises:
        subprocess.CalledProcessError: Bazel cannot fetch them.
    """
    _bazelw(checkout, "build", "--nobuild", "//:demo")
    base = _bazelw(checkout, "info", "output_base").strip()
    return {pin: Path(base, "external", pin.name).resolve() for pin in pins}
