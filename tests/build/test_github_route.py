"""The check of the GitHub route, with a bazelw that downloads, and does wrong when told to."""

import http.client
import io
import os
import subprocess
import tarfile
from pathlib import Path

import pytest

from testing.runfiles import program
from tools.github_route.launcher import environment
from tools.github_route.pins import Pin, pack, read_pins, with_checksums
from tools.github_route.stand_in import standing_in

_URL = "https://github.com/a/b.tar.gz"
_WORKSPACE = f"""
load("//bazel:http_archive.bzl", "http_archive")

http_archive(
    name = "b",
    sha256 = "123abc",
    strip_prefix = "b-1",
    urls = ["{_URL}"],
)
"""
# It asks for what $ASKS names, as Bazel with --experimental_downloader_config would, and takes only
# answers without the word that the check adds to archives.
_BAZELW = r"""#!/bin/bash
case "$*" in
  --where) printf 'version: 7.7.1 (.bazelversion)\nroute:   github\nbazel:   /bin/true\n'; exit ;;
  *--expunge) exit ;;
esac
for word in "$@"; do
  [[ $word != --experimental_downloader_config=* ]] || config=${word#*=}
done
port=$(sed -E 's/.*127.0.0.1:([0-9]+).*/\1/' "$config")
for url in $ASKS; do
  if ! exec 3<>"/dev/tcp/127.0.0.1/$port"; then
    echo "Connection refused; $HINT" >&2
    exit 1
  fi
  printf 'GET /%s HTTP/1.0\r\n\r\n' "${url#https://}" >&3
  ! grep --quiet --text altered <&3 || { echo "Checksum was wrong; $HINT" >&2; exit 1; }
done
exit "$CODE"
"""


def _check(folder: Path, **changes: str) -> "subprocess.CompletedProcess[str]":
    checkout = folder / "checkout"
    checkout.mkdir()
    (checkout / "WORKSPACE").write_text(_WORKSPACE)
    (checkout / "bazelw").write_text(_BAZELW)
    (checkout / "bazelw").chmod(0o755)
    (folder / "b.tar.gz").write_bytes(b"archive")
    subprocess.run(["git", "init", "--quiet", checkout], check=True)
    hint = "run ./bazelw again, or BAZELW_ROUTE=debian ./bazelw"
    env = {"ASKS": _URL, "HINT": hint, "CODE": "0", "BUILD_WORKSPACE_DIRECTORY": str(checkout)}
    return subprocess.run(
        [program("tools/github_route/github_route"), f"--archives={folder}", f"--scratch={folder}"],
        env=os.environ | env | changes,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def test_a_route_that_keeps_what_is_promised(tmp_path: Path) -> None:
    result = _check(tmp_path)
    assert result.returncode == 0, result.stdout
    assert "1 archives, one request each" in result.stdout


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"CODE": "7"}, "it failed"),
        ({"ASKS": f"{_URL} https://github.com/x"}, "https://github.com/x"),
        ({"ASKS": f"{_URL} {_URL}"}, "asked for"),
        ({"ASKS": ""}, "asked for []"),
        ({"HINT": "./bazelw"}, "'BAZELW_ROUTE=debian'"),
        ({"HINT": "BAZELW_ROUTE=debian"}, "'./bazelw'"),
    ],
)
def test_a_route_that_does_not(tmp_path: Path, changes: dict[str, str], said: str) -> None:
    result = _check(tmp_path, **changes)
    assert result.returncode == 1
    assert said in result.stdout


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    _check(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"checkout", "b.tar.gz"}


_PYTHON = "common --override_repository=python3_11_x86_64-unknown-linux-gnu=/python\n"


def _debian_machine(folder: Path) -> Path:
    """What ./bazelw has unpacked there, with a Bazel that prints its arguments."""
    prefix = folder / "debian"
    bazel, bazelw = prefix / "usr/bin/bazel", folder / "bazelw"
    bazel.parent.mkdir(parents=True)
    bazel.write_text('#!/bin/sh\nprintf "%s\\n" "$@"')
    where = f"version: 7.7.1 (.bazelversion)\nroute: debian\nbazel: {bazel}"
    bazelw.write_text(f"#!/bin/sh\necho '{where}'")
    for file in (bazel, bazelw):
        file.chmod(0o755)
    (prefix / "bazelrc").write_text(f"common --override_repository=rules_cc=/rules/cc\n{_PYTHON}")
    (prefix / "startup_flags").write_text("--nosystem_rc\n--bazelrc=/rc\n--trust_install_base\n")
    (prefix / "authorities-1.jks").touch()
    return prefix


def test_debians_bazel_is_started_without_debians_rule_sets(tmp_path: Path) -> None:
    prefix = _debian_machine(tmp_path)
    env = environment(tmp_path, tmp_path / "bin")
    command = ["bazel", "info"]
    started = subprocess.run(command, env=env, stdout=subprocess.PIPE, text=True, check=True)
    assert started.stdout.splitlines() == [
        "--nosystem_rc",
        "--trust_install_base",
        f"--bazelrc={tmp_path}/bin/bazelrc",
        f"--host_jvm_args=-Djavax.net.ssl.trustStore={prefix}/authorities-1.jks",
        "info",
    ]
    assert (tmp_path / "bin/bazelrc").read_text() == _PYTHON


def test_the_pins_of_workspace_are_of_github() -> None:
    pins = read_pins(Path("WORKSPACE").read_text("utf-8"))
    assert len({pin.sha256 for pin in pins}) == len(pins)
    assert all(pin.url.startswith("https://github.com/") for pin in pins)


def test_no_pin_is_an_error() -> None:
    with pytest.raises(ValueError, match="no http_archive"):
        read_pins("")


def test_checksums_are_all_that_changes() -> None:
    (pin,) = read_pins(_WORKSPACE)
    assert pin == Pin("b", _URL, "123abc", "b-1")
    changed = with_checksums(_WORKSPACE, {pin: b""})
    (now,) = read_pins(changed)
    assert changed.replace(now.sha256, pin.sha256) == _WORKSPACE
    assert now.sha256.startswith("e3b0c442")


def test_an_archive_has_the_files_below_the_prefix(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib/a.bzl").write_text("a")
    packed = pack(tmp_path, "b-1")
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        assert archive.getnames() == ["b-1/lib/a.bzl"]
    assert packed == pack(tmp_path, "b-1")


def test_the_stand_in_serves_and_remembers() -> None:
    with standing_in({_URL: b"archive"}) as server:
        client = http.client.HTTPConnection("127.0.0.1", server.server_port)
        client.request("GET", "/github.com/a/b.tar.gz")
        assert client.getresponse().read() == b"archive"
        client.request("GET", "/github.com/other")
        assert client.getresponse().status == http.client.NOT_FOUND
        assert server.requested == [_URL, "https://github.com/other"]
