"""Shows what README.md here says of the cache: `./bazelw run //tools/remote_cache`."""

import os
import secrets
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from http import HTTPStatus
from pathlib import Path

import click

from testing.addresses import reserved_address
from tools.own_bazel.bazel import BazelError
from tools.remote_cache.checkout import Checkout, ci_flags, cloned, developer_flags, fetched
from tools.remote_cache.server import CacheServer, NoServerError, find_nginx, serving
from tools.remote_cache.spawns import Spawn, executed, without_interpreter

_EVERYTHING = "//..."
_TESTS = "//tests/unit/client/..."


class BrokenPromiseError(Exception):
    """The cache does not do what is said of it. The text says what happened."""


@click.command(name="check_remote_cache")
@click.option(
    "--scratch",
    type=click.Path(exists=True, file_okay=False, resolve_path=True, path_type=Path),
    default=Path("/var/tmp"),  # noqa: S108  # a default, and not for a file of a fixed name
    show_default=True,
    help="Where clones and cache are made, and removed. Not below /tmp, which the sandbox hides.",
)
def main(*, scratch: Path) -> None:
    """Fill a remote cache from one clone of HEAD, and build another clone from it."""
    origin = Path(os.environ.get("BUILD_WORKSPACE_DIRECTORY", "."))
    try:
        with tempfile.TemporaryDirectory(prefix="remote-cache-", dir=scratch) as folder:
            _check(origin, Path(folder))
    except (BrokenPromiseError, BazelError, NoServerError, OSError) as error:
        raise click.ClickException(str(error)) from error
    except subprocess.CalledProcessError as error:
        raise click.ClickException(f"{error}; is {origin} a git checkout?") from error


def _check(origin: Path, folder: Path) -> None:
    nginx, token = find_nginx(), secrets.token_hex()
    cache = folder / "cache"
    cache.mkdir()
    with reserved_address() as address, ExitStack() as clones:
        enter = clones.enter_context
        ci = enter(cloned(origin, folder / "ci", ci_flags(origin, address), token))
        developer = enter(cloned(origin, folder / "developer", developer_flags(address)))
        _copy_fetched(origin, ci, developer)
        with serving(nginx, cache, address, token) as server:
            filled = _fill(ci, server)
            _take(developer, server, filled)
            _lose_one(developer, server, filled)
            _refuse(server)
        _go_on_without(developer)


def _copy_fetched(origin: Path, *clones: Checkout) -> None:
    start = time.monotonic()
    folder = fetched(origin)
    for clone in clones:
        clone.copy_fetched(folder)
    _say("packages copied to both clones", start)


def _fill(ci: Checkout, server: CacheServer) -> Sequence[Spawn]:
    start = time.monotonic()
    spawns = ci.build("build", _EVERYTHING) + ci.build("test", _TESTS)
    stored = server.requests()["PUT", HTTPStatus.CREATED]
    if not stored or server.puts() != stored:
        raise BrokenPromiseError(f"CI's clone did not write: {dict(server.requests())}")
    _expect("actions have no interpreter in their keys", without_interpreter(spawns), 0)
    _say(f"CI: {len(executed(spawns))} spawns executed, {stored} files written", start)
    return spawns


def _take(developer: Checkout, server: CacheServer, filled: Sequence[Spawn]) -> None:
    start, before = time.monotonic(), server.puts()
    spawns = developer.build("build", _EVERYTHING) + developer.build("test", _TESTS)
    _expect("spawns were executed that the cache should have had", executed(spawns), 0)
    missing = {spawn.digest for spawn in filled} - {spawn.digest for spawn in spawns}
    if missing:
        raise BrokenPromiseError(f"{len(missing)} actions of CI's clone are not in the other")
    _expect_no_writing(server, before)
    _say(f"another clone: {len(spawns)} spawns, all from the cache", start)


def _lose_one(developer: Checkout, server: CacheServer, filled: Sequence[Spawn]) -> None:
    """A lost entry is made locally, noticed here, and not written by a developer."""
    start, before = time.monotonic(), server.puts()
    lost = next(spawn.digest for spawn in filled if spawn.mnemonic == "ProtoCompile")
    server.forget(lost)
    developer.forget()
    spawns = executed(developer.build("build", _EVERYTHING))
    _expect("spawns were executed, one of them without its entry in the cache", spawns, 1)
    _expect_no_writing(server, before)
    if server.knows(lost):
        raise BrokenPromiseError("the entry that was removed is there again")
    _say(f"without one entry: {spawns[0]}; nothing written", start)


def _refuse(server: CacheServer) -> None:
    status = server.answer_to_stranger()
    if status != HTTPStatus.FORBIDDEN:
        raise BrokenPromiseError(f"who has no token may write: {status}")
    _say("without a token: writing is refused", time.monotonic())


def _go_on_without(developer: Checkout) -> None:
    start = time.monotonic()
    developer.forget()
    spawns = developer.build("build", _EVERYTHING)
    if not spawns or len(executed(spawns)) != len(spawns):
        raise BrokenPromiseError("without a cache there should be no hits")
    _say(f"cache stopped: {len(spawns)} spawns executed, the build goes on", start)


def _expect(what: str, spawns: Sequence[Spawn], number: int) -> None:
    if len(spawns) != number:
        listed = "".join(f"\n  {spawn}" for spawn in spawns)
        raise BrokenPromiseError(f"{len(spawns)} {what} (expected: {number}){listed}")


def _expect_no_writing(server: CacheServer, before: int) -> None:
    if server.puts() != before:
        raise BrokenPromiseError(f"a developer sent {server.puts() - before} PUT requests")


def _say(words: str, start: float) -> None:
    click.echo(f"{words} ({time.monotonic() - start:.1f} s)")


if __name__ == "__main__":
    main()
