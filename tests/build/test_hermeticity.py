"""Build and test actions reach only their declared inputs."""

import errno
import os
import socket
from contextlib import suppress
from pathlib import Path

import pytest

_HERE = Path(__file__)
_ACTION = Path("tests/build")

# Reserved for documentation: no machine has them, but a machine with network access would try.
_OUTSIDE = [(socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")]
_SANDBOX = (
    "actions here have the machine's network: Bazel could not make a network namespace "
    "(see --spawn_strategy in .bazelrc)"
)


@pytest.mark.parametrize(("family", "address"), _OUTSIDE, ids=["IPv4", "IPv6"])
@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM], ids=["TCP", "UDP"])
def test_no_way_leads_out(
    family: socket.AddressFamily, kind: socket.SocketKind, address: str
) -> None:
    with socket.socket(family, kind) as outward:
        # With network access, a TCP connection would wait for a response.
        outward.settimeout(0)
        assert outward.connect_ex((address, 443)) == errno.ENETUNREACH, _SANDBOX


def test_loopback_is_the_only_interface() -> None:
    assert [name for _, name in socket.if_nameindex()] == ["lo"], _SANDBOX


def test_loopback_works() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        client = socket.create_connection(server.getsockname())
        accepted, _ = server.accept()
        with client, accepted:
            client.sendall(b"hello")
            assert accepted.recv(5) == b"hello"


def test_a_build_action_has_loopback_only() -> None:
    assert (_ACTION / "seen_network.txt").read_text(encoding="utf-8").split() == ["lo"], _SANDBOX


def test_a_declared_file_is_found() -> None:
    assert Path("requirements.txt").is_file()


@pytest.mark.parametrize("name", ["requirements.in", "WORKSPACE", "tests/build/BUILD.bazel"])
def test_an_undeclared_file_is_not_found(name: str) -> None:
    with pytest.raises(FileNotFoundError):
        Path(name).read_bytes()


def test_a_build_action_sees_what_it_declares() -> None:
    seen = (_ACTION / "seen_files.txt").read_text(encoding="utf-8").split()
    assert seen == ["tests/build/test_hermeticity.py"]


def test_a_test_cannot_write_into_the_workspace() -> None:
    file = _HERE.resolve().with_name("written_by_test_hermeticity")
    try:
        with pytest.raises(OSError, match="Read-only file system"):
            file.touch()
    finally:
        with suppress(OSError):
            file.unlink()


def test_tmp_is_the_actions_own() -> None:
    # Only the checkout may be below it.
    checkout = _HERE.resolve()
    seen = list(Path("/tmp").iterdir())  # noqa: S108 (nothing is written there)
    assert [path for path in seen if not checkout.is_relative_to(path)] == []


def test_a_build_action_has_a_fixed_environment() -> None:
    lines = (_ACTION / "seen_environment.txt").read_text(encoding="utf-8").splitlines()
    assert lines == ["PATH=/bin:/usr/bin:/usr/local/bin", "TMPDIR=/tmp"]


def test_a_test_sees_nothing_of_whoever_runs_it() -> None:
    assert os.environ["PATH"] == ".:/bin:/usr/bin:/usr/local/bin"
    assert os.environ["TZ"] == "UTC"
    assert {"HOME", "LANG", "LD_LIBRARY_PATH", "LOGNAME", "SHELL", "TERM"}.isdisjoint(os.environ)
