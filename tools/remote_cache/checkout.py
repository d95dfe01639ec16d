"""A clone of the checkout, with an output base of its own, that builds over the remote cache."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import click

from tools.remote_cache.spawns import Spawn, read_log

_LAST_LINES = 20


class BuildError(Exception):
    """A command of Bazel failed; the text is the command and the end of what it wrote."""


@dataclass(frozen=True, slots=True)
class Checkout:
    """A clone. A command that fails raises BuildError.

    Attributes:
        folder: where it is; its output base is beside it.
        environment: variables for Bazel.
    """

    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def output_base(self) -> Path:
        """Where Bazel writes."""
        return self.folder.with_suffix(".output")

    def fetch(self) -> None:
        """Gets what the build needs from elsewhere."""
        self._bazel("build", "--nobuild", "//...")

    def copy_fetched(self, other: "Checkout") -> None:
        """Takes what another one has fetched, which is most of a cold build's time."""
        shutil.copytree(
            other.output_base / "external", self.output_base / "external", symlinks=True
        )

    def build(self, command: str, targets: str) -> list[Spawn]:
        """Builds or tests with --config=remote-cache, and returns what it took."""
        log = self.folder.with_suffix(".log")
        log.unlink(missing_ok=True)
        flags = ["--config=remote-cache", f"--execution_log_json_file={log}"]
        self._bazel(command, *flags, "--", targets)
        return list(read_log(log.read_text()))

    def forget(self) -> None:
        """Removes what was built."""
        self._bazel("clean")

    def remove(self) -> None:
        """Ends the server and removes the output base."""
        self._bazel("clean", "--expunge")

    def _bazel(self, *words: str) -> None:
        # The user's rc file may name another cache.
        start = ["./bazelw", "--nohome_rc", f"--output_base={self.output_base}"]
        result = subprocess.run(  # noqa: S603 (no shell; the words are our own)
            [*start, *words],
            cwd=self.folder,
            env=os.environ | dict(self.environment),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
        for line in result.stderr.splitlines():
            if line.startswith("WARNING:") and "Remote Cache" in line:
                click.echo(f"{self.folder.name}: {line}", err=True)
        if result.returncode != 0:
            end = "\n".join(result.stderr.splitlines()[-_LAST_LINES:])
            raise BuildError(f"{' '.join(words)}: exit code {result.returncode}\n{end}")


@contextmanager
def cloned(origin: Path, checkout: Checkout, flags: str) -> Iterator[Checkout]:
    """Clones a checkout's HEAD; leaving the context removes what Bazel has written.

    Args:
        origin: the checkout.
        checkout: the clone to make.
        flags: its user.bazelrc.
    """
    clone: list[str | os.PathLike[str]] = ["git", "clone", "--quiet", origin, checkout.folder]
    subprocess.run(clone, check=True)  # noqa: S603 (no shell)
    (checkout.folder / "user.bazelrc").write_text(flags)
    try:
        yield checkout
    finally:
        checkout.remove()


def ci_flags(origin: Path, address: str) -> str:
    """What .ci/bazelrc says of a remote cache that it may write: its disk cache is not wanted."""
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
    """What docs/builds.md asks a developer to write."""
    return f"common:remote-cache --remote_cache=http://{address}\n"
