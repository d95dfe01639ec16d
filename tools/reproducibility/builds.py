"""A build in a clone, with an output base and caches of its own."""

import os
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.reproducibility.outputs import Outputs, read_outputs
from tools.reproducibility.spawns import Spawns, read_log

_LAST_LINES = 20


class BazelError(Exception):
    """A command of Bazel failed. The text is the command and the end of what it wrote."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What one builder has other than the next, and the outputs must not show.

    Attributes:
        folder: the name of the folder for the build.
        environment: variables to set.
        fetches: whether it fetches all packages itself, or takes those of the checkout.
    """

    folder: str
    environment: Mapping[str, str]
    fetches: bool


# Not the umask: zips keep the permissions of the files in them, which git and pip give by it.
FIRST = Surroundings("first", {"TZ": "UTC", "LC_ALL": "C"}, fetches=False)
SECOND = Surroundings(
    "second/in-a-deeper-folder",
    {"TZ": "Pacific/Auckland", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "1", "CC": "/bin/false"},
    fetches=True,
)


@dataclass(frozen=True, slots=True)
class Build:
    """A finished build.

    Attributes:
        outputs: what it wrote.
        spawns: which processes it ran.
        seconds: how long it took, on the clock.
    """

    outputs: Outputs
    spawns: Spawns
    seconds: float


def build(
    origin: Path, commit: str, targets: Sequence[str], scratch: Path, surroundings: Surroundings
) -> Build:
    """Clones a checkout and builds targets in it.

    Args:
        origin: the checkout.
        commit: what to build of it.
        targets: what to build.
        scratch: the folder to work in.
        surroundings: how.

    Raises:
        subprocess.CalledProcessError: git failed, and has said why on stderr.
        BazelError: Bazel failed.
        CacheHitError: the build took something from a cache.
    """
    folder = scratch / surroundings.folder
    folder.mkdir(parents=True)
    workspace = folder / "checkout"
    _git("clone", "--quiet", "--no-checkout", str(origin), str(workspace))
    _git("-C", str(workspace), "checkout", "--quiet", "--detach", commit)
    bazel = _Bazel(workspace, folder / "output", surroundings.environment)
    try:
        if not surroundings.fetches:
            _copy_fetched(origin, bazel.output_base)
        return _build(bazel, folder, targets)
    finally:
        # Unchecked: where nothing works, what was said first is what matters.
        bazel.run("clean", "--expunge")


@dataclass(frozen=True, slots=True)
class _Bazel:
    workspace: Path
    output_base: Path
    environment: Mapping[str, str]

    def run(self, *words: str) -> "subprocess.CompletedProcess[str]":
        # The user's rc file may name a cache, or flags that the workspace does not know.
        start = ["./bazelw", "--nohome_rc", f"--output_base={self.output_base}"]
        return subprocess.run(  # noqa: S603 (no shell, the words are our own)
            [*start, *words],
            cwd=self.workspace,
            env=os.environ | dict(self.environment),
            capture_output=True,
            text=True,
            check=False,
        )

    def check(self, *words: str) -> str:
        result = self.run(*words)
        if result.returncode != 0:
            end = "\n".join(result.stderr.splitlines()[-_LAST_LINES:])
            raise BazelError(f"{' '.join(words)}: exit code {result.returncode}\n{end}")
        return result.stdout


def _copy_fetched(origin: Path, output_base: Path) -> None:
    """Copies what the checkout has fetched. Fetching is most of the time of a first build."""
    execution_root = (origin / "bazel-out").resolve().parent
    fetched = execution_root.parents[1] / "external"
    if fetched.is_dir():
        shutil.copytree(fetched, output_base / "external", symlinks=True)


def _git(*words: str) -> None:
    command = ["git", *words]
    subprocess.run(command, check=True)  # noqa: S603 (no shell, the words are our own)


def _build(bazel: _Bazel, folder: Path, targets: Sequence[str]) -> Build:
    log = folder / "spawns.json"
    start = time.monotonic()
    bazel.check(
        "build",
        f"--execution_log_json_file={log}",
        # A cache of its own is what makes Bazel work out the digest of each process.
        f"--disk_cache={folder / 'cache'}",
        "--remote_cache=",
        "--noshow_progress",
        "--color=no",
        "--",
        *targets,
    )
    seconds = time.monotonic() - start
    root = Path(bazel.check("info", "output_path").strip())
    return Build(read_outputs(root, folder), read_log(log), seconds)
