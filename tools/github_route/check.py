"""Tries bazelw's GitHub route against a stand-in: `./bazelw run //tools/github_route`."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from tools.github_route.checkout import copy_checkout
from tools.github_route.launcher import environment, rule_set_folders
from tools.github_route.pins import Pin, pack, read_pins, with_checksums
from tools.github_route.stand_in import standing_in
from tools.own_bazel.bazel import own_bazel

_HINTS = ("./bazelw", "BAZELW_ROUTE=debian")
_LAST_LINES = 40


@dataclass(frozen=True, slots=True)
class _Route:
    """The GitHub route on a copy of the checkout.

    Attributes:
        scratch: holds all written files.
        environment: for ./bazelw.
    """

    scratch: Path
    environment: Mapping[str, str]

    @property
    def workspace(self) -> Path:
        return self.scratch / "workspace"

    @property
    def config(self) -> Path:
        return self.scratch / "downloader.cfg"

    def run(self, words: Sequence[str]) -> "subprocess.CompletedProcess[str]":
        """Runs a command with nothing downloaded before."""
        flags = ["--repository_cache=", f"--experimental_downloader_config={self.config}"]
        with own_bazel(self.workspace, self.scratch / "output", self.environment) as bazel:
            return bazel.run(words[0], *flags, *words[1:])


@click.command(name="check", context_settings={"ignore_unknown_options": True})
@click.option(
    "--archives",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder with the archives as released, for WORKSPACE as it is. Without: archives of the"
    " rule sets that this machine uses, for a WORKSPACE with their checksums.",
)
@click.option(
    "--scratch",
    type=click.Path(exists=True, file_okay=False, resolve_path=True, path_type=Path),
    default=Path("/var/tmp"),  # noqa: S108  # a default, and not for a file of a fixed name
    show_default=True,
    help="Where a copy of the checkout is made, and removed.",
)
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
def main(*, archives: Path | None, scratch: Path, command: tuple[str, ...]) -> None:
    """Run COMMAND of Bazel (run //:demo by default) on the GitHub route, GitHub being a stand-in.

    It has to work, with one request for each archive and no other. Then with altered archives, and
    with a GitHub that is not there, it has to fail and to name the other route.
    """
    checkout = Path(os.environ.get("BUILD_WORKSPACE_DIRECTORY", "."))
    given = archives and Path(os.environ.get("BUILD_WORKING_DIRECTORY", ""), archives)
    try:
        with tempfile.TemporaryDirectory(prefix="github-route-", dir=scratch) as folder:
            route = _Route(Path(folder), environment(checkout, Path(folder, "bin")))
            copy_checkout(checkout, route.workspace)
            _check(route, _archives(checkout, route.workspace, given), command)
    except (OSError, ValueError, subprocess.CalledProcessError) as error:
        raise click.ClickException(str(error)) from error


def _archives(checkout: Path, workspace: Path, given: Path | None) -> dict[str, bytes]:
    """The archives by URL. Makes them and changes the workspace's checksums if none are given."""
    file = workspace / "WORKSPACE"
    text = file.read_text("utf-8")
    pins = read_pins(text)
    if given:
        return {pin.url: (given / pin.url.rpartition("/")[2]).read_bytes() for pin in pins}
    made: dict[Pin, bytes] = {
        pin: pack(folder, pin.prefix) for pin, folder in rule_set_folders(checkout, pins).items()
    }
    file.write_text(with_checksums(text, made), encoding="utf-8")
    return {pin.url: archive for pin, archive in made.items()}


def _check(route: _Route, archives: Mapping[str, bytes], command: Sequence[str]) -> None:
    words = command or ("run", "//:demo")
    with standing_in(archives) as server:
        server.write_config(route.config)
        result = _timed(f"the archives as pinned: {' '.join(words)}", route, words)
        _require(result.returncode == 0, "it failed", result)
        asked = f"asked for {server.requested}"
        _require(sorted(server.requested) == sorted(archives), asked, result)
    altered = {url: archive + b"altered" for url, archive in archives.items()}
    with standing_in(altered) as server:
        server.write_config(route.config)
        result = _timed("altered archives", route, ("query", "//proto"))
        _require_hints(result, "Checksum was")
    # Its server is closed now.
    result = _timed("no GitHub", route, ("query", "//proto"))
    _require_hints(result, "refused")
    print(f"{len(archives)} archives, one request each, no other; both failures name the way out")


def _timed(step: str, route: _Route, words: Sequence[str]) -> "subprocess.CompletedProcess[str]":
    start = time.monotonic()
    result = route.run(words)
    print(f"{step}: {time.monotonic() - start:.0f} s, exit code {result.returncode}", flush=True)
    return result


def _require_hints(result: "subprocess.CompletedProcess[str]", reason: str) -> None:
    _require(result.returncode != 0, "it did not fail", result)
    for words in (reason, *_HINTS):
        _require(words in result.stderr, f"its error does not say {words!r}", result)


def _require(
    condition: bool,  # noqa: FBT001 (as assert has it)
    otherwise: str,
    result: "subprocess.CompletedProcess[str]",
) -> None:
    if not condition:
        end = "\n".join((result.stdout + result.stderr).splitlines()[-_LAST_LINES:])
        sys.exit(f"{end}\n\ncheck: {otherwise}")


if __name__ == "__main__":
    main()
