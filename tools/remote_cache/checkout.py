"""A clone of the checkout, with an output base of its own. It builds over the remote cache."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click

from tools.own_bazel.bazel import BazelError, OwnBazel, own_bazel
from tools.remote_cache.spawns import Spawn, read_log


@dataclass(frozen=True, slots=True)
class Checkout:
    """A clone. A failing command raises BazelError.

    Attributes:
        bazel: its Bazel.
    """

    bazel: OwnBazel

    def copy_fetched(self, folder: Path) -> None:
        """Takes what another checkout has fetched: fetching is most of a cold build's time."""
        shutil.copytree(folder, self.bazel.output_base / "external", symlinks=True)

    def build(self, command: str, targets: str) -> list[Spawn]:
        """Builds or tests with --config=remote-cache, and returns what it took."""
        log = self.bazel.workspace.with_suffix(".log")
        log.unlink(missing_ok=True)
        flags = ["--config=remote-cache", f"--execution_log_json_file={log}"]
        self._run(command, *flags, "--", targets)
        return list(read_log(log.read_text()))

    def forget(self) -> None:
        """Removes what was built."""
        self._run("clean")

    def _run(self, *words: str) -> None:
        for line in self.bazel.check(*words).stderr.splitlines():
            if line.startswith("WARNING:") and "Remote Cache" in line:
                click.echo(f"{self.bazel.workspace.name}: {line}", err=True)


def fetched(origin: Path) -> Path:
    """The folder of what a checkout's build needs from elsewhere. Gets what is missing.

    Raises:
        BazelError: it cannot be had. Why is on stderr.
    """
    _bazelw(origin, "build", "--nobuild", "//...")
    return Path(_bazelw(origin, "info", "output_base").strip(), "external")


def _bazelw(checkout: Path, *words: str) -> str:
    done = subprocess.run(  # noqa: S603 (no shell, the words are fixed)
        ["./bazelw", *words], cwd=checkout, stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode != 0:
        raise BazelError(f"./bazelw {' '.join(words)}, in {checkout}: exit code {done.returncode}")
    return done.stdout


@contextmanager
def cloned(origin: Path, folder: Path, flags: str, token: str = "") -> Iterator[Checkout]:
    """Clones a checkout's HEAD. Leaving the context removes what Bazel has written.

    Args:
        origin: the checkout.
        folder: the clone to make. Its output base is beside it.
        flags: its user.bazelrc.
        token: to write the cache.
    """
    clone: list[str | os.PathLike[str]] = ["git", "clone", "--quiet", origin, folder]
    subprocess.run(clone, check=True)  # noqa: S603 (no shell)
    (folder / "user.bazelrc").write_text(flags)
    environment = {"REMOTE_CACHE_TOKEN": token}
    with own_bazel(folder, folder.with_suffix(".output"), environment) as bazel:
        yield Checkout(bazel)


def ci_flags(origin: Path, address: str) -> str:
    """.ci/bazelrc's flags for a writable remote cache: its disk cache is not wanted."""
    printed = subprocess.run(  # noqa: S603 (this repository's script)
        [origin / ".ci/bazelrc"],
        env=os.environ | {"REMOTE_CACHE": f"http://{address}", "REMOTE_CACHE_MODE": "write"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    lines = printed.stdout.splitlines(keepends=True)
    return "".join(line for line in lines if line.startswith("common:remote-cache "))


def developer_flags(address: str) -> str:
    """What tools/remote_cache/README.md asks a developer to write."""
    return f"common:remote-cache --remote_cache=http://{address}\n"
