"""What is compared: the chain of this repository, and its peers."""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from bench.servers import ROLES
from testing.certificates import Authority
from testing.runfiles import runfile

LISTEN = ("--listen", "127.0.0.1:0")

PEERS = {
    "bare grpc.aio": "bare_aio",
    "sync, 10 threads": "sync_pool",
    "grpclib": "on_grpclib",
    "pygrpc-native": "on_pygrpc_native",
}
"""The peers by their names in tables, each with its program in bench/peers."""


class Tls(NamedTuple):
    """The PEM files with which each link of a chain speaks TLS."""

    certificate: Path
    key: Path
    authority: Path


@dataclass(frozen=True, slots=True)
class Contender:
    """One way to run the chain.

    Attributes:
        name: what tables call it.
        commands: for each role, its command line without `--upstream` and `--ready-file`.
        authority: PEM file of the authority of its certificates, None for plaintext.
    """

    name: str
    commands: dict[str, list[str]]
    authority: Path | None = None


def root() -> Path:
    """The folder of programs built by Bazel, by their package: our own runfiles."""
    return runfile(".")


def chain(name: str, folder: Path, options: tuple[str, ...] = ()) -> Contender:
    """This repository's servers as they lie in a folder, at their defaults or with options.

    Args:
        name: what tables call it.
        folder: has `services/orc1/orc1` and its like: our runfiles, or some checkout's bazel-bin.
        options: further options for each server.
    """
    commands = {role: [str(folder / "services" / role / role), *LISTEN, *options] for role in ROLES}
    return Contender(name, commands)


def in_go(program: Path) -> Contender:
    """The chain of tests/interop/reference.go, built."""
    return Contender("grpc-go", {role: [str(program), role, *LISTEN] for role in ROLES})


def make_tls(folder: Path) -> Tls:
    """Issues a certificate into a folder. Both ends of a link can have it."""
    authority = Authority(folder)
    pair = authority.issue("server")
    return Tls(pair.certificate, pair.key, authority.certificate)


def with_tls(
    plain: Contender, tls: Tls, *, entrance: bool = True, mutual: bool = False
) -> Contender:
    """A contender with the options of our servers, and TLS on its links.

    Args:
        plain: the contender.
        tls: of all servers.
        entrance: whether the callers of orc1 speak TLS too.
        mutual: whether callers show a certificate. h2load has none for the entrance.
    """
    serve = ["--tls-certificate", str(tls.certificate), "--tls-key", str(tls.key)]
    call = ["--upstream-tls-ca", str(tls.authority)]
    if mutual:
        serve += ["--tls-client-ca", str(tls.authority)]
        call += ["--upstream-tls-certificate", str(tls.certificate)]
        call += ["--upstream-tls-key", str(tls.key)]
    orc1 = [*serve, *call] if entrance else call
    further = {"orc1": orc1, "orc2": [*serve, *call], "mock_data": serve}
    commands = {role: [*plain.commands[role], *further[role]] for role in ROLES}
    return Contender(plain.name, commands, tls.authority if entrance else None)


def peer(name: str, program: str | None = None) -> Contender:
    """One of `PEERS`, or another program of bench/peers."""
    path = str(runfile(f"bench/peers/{program or PEERS[name]}"))
    return Contender(name, {role: [path, role, *LISTEN] for role in ROLES})


def reference(binaries: dict[str, Path]) -> Contender:
    """The reference's binaries. They know no `--ready-file`: a small program speaks for them."""
    program = str(runfile("bench/peers/fixed_port"))
    commands = {role: [program, role, str(binaries[role])] for role in ROLES}
    return Contender("Go reference", commands)
