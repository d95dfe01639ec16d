"""bazelw's choice between its two routes."""

import signal
import subprocess
from pathlib import Path

import pytest

from tests.build.fake_machine import BAZEL, VERSION, Machine


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_bazelisk_where_github_responds(machine: Machine) -> None:
    machine.add_github()
    machine.add("bazelisk", BAZEL)
    result = machine.run("test", "//...", USE_BAZEL_VERSION="8.4.2")
    assert result.stdout.splitlines() == [f"{VERSION} is wanted", "test", "//..."]


def test_a_bazel_of_the_version_where_github_responds(machine: Machine) -> None:
    machine.add_github()
    machine.add("bazel", BAZEL)
    assert machine.run("build").stdout.split()[-1] == "build"


def test_a_bazelisk_by_the_name_of_bazel(machine: Machine) -> None:
    machine.add_github()
    machine.add("bazel", BAZEL.replace("FAKEVERSION:-7.7.1", "USE_BAZEL_VERSION:-9.2.0"))
    result = machine.run("build", USE_BAZEL_VERSION="8.4.2")
    assert result.stdout.splitlines() == [f"{VERSION} is wanted", "build"]


def test_it_does_not_take_itself_for_a_bazel(machine: Machine) -> None:
    machine.add_github()
    machine.add_debian()
    within_limit = 'echo ask >>"$CALLS" && (($(grep --count ask "$CALLS") < 9))'
    machine.add("bazel", f'#!/bin/bash\n{within_limit} && "{machine.checkout}/bazelw" "$@"\n')
    assert "route:   debian" in machine.run("--where").stdout
    assert machine.calls("ask") == 1


def test_a_bazel_of_another_version_is_not_taken(machine: Machine) -> None:
    machine.add_github()
    machine.add("bazel", BAZEL)
    assert machine.run("build", FAKEVERSION="8.0.0").returncode == 1


def test_debian_where_github_does_not_respond(machine: Machine) -> None:
    machine.add_github(responds=False)
    machine.add("bazelisk", BAZEL)
    machine.add_debian()
    assert "route:   debian" in machine.run("--where").stdout


def test_neither_names_both_ways(machine: Machine) -> None:
    result = machine.run("build")
    assert result.returncode == 1
    assert "Bazelisk" in result.stderr
    assert "Debian" in result.stderr


def test_it_is_decided_once(machine: Machine) -> None:
    machine.add_github()
    machine.add("bazelisk", BAZEL)
    machine.run("build")
    machine.run("build")
    assert machine.calls("curl") == 1


def test_it_is_decided_anew_when_asked(machine: Machine) -> None:
    machine.add_github()
    machine.add("bazelisk", BAZEL)
    machine.run("build")
    machine.run("--reset-route")
    machine.run("build")
    assert machine.calls("curl") == 2


def test_it_is_decided_anew_when_the_launcher_is_gone(machine: Machine) -> None:
    machine.add_github()
    machine.add("bazelisk", BAZEL)
    machine.run("build")
    (machine.bin / "bazelisk").unlink()
    machine.add_debian()
    assert "route:   debian" in machine.run("--where").stdout


def test_it_is_decided_anew_when_the_bazel_is_another_one(machine: Machine) -> None:
    machine.add_github()
    machine.add("bazel", BAZEL)
    machine.run("build")
    machine.add_debian()
    assert "route:   debian" in machine.run("--where", FAKEVERSION="8.0.0").stdout


def test_another_version_is_another_decision(machine: Machine) -> None:
    machine.add_github()
    machine.add("bazelisk", BAZEL)
    machine.run("build")
    (machine.checkout / ".bazelversion").write_text("8.0.0\n")
    machine.run("build")
    assert machine.calls("curl") == 2


def test_the_version_needs_no_end_of_line(machine: Machine) -> None:
    machine.add("bazelisk", BAZEL)
    (machine.checkout / ".bazelversion").write_text(VERSION)
    result = machine.run("build", BAZELW_ROUTE="github")
    assert result.stdout.splitlines() == [f"{VERSION} is wanted", "build"]


@pytest.mark.parametrize("memory", ["", "npm", "github /bin/echo"])
def test_a_memory_that_makes_no_sense_is_not_used(machine: Machine, memory: str) -> None:
    machine.add_github()
    machine.add("bazelisk", BAZEL)
    machine.cache.mkdir(parents=True)
    (machine.cache / f"route-{VERSION}").write_text(f"{memory}\n")
    assert machine.run("build").stdout.splitlines()[-1] == "build"
    assert machine.calls("curl") == 1


def test_it_is_forgotten_even_where_nothing_can_be_decided(machine: Machine) -> None:
    assert machine.run("--reset-route", BAZELW_ROUTE="npm").returncode == 0


def test_it_can_be_called_by_a_link(machine: Machine) -> None:
    machine.add("bazelisk", BAZEL)
    (machine.root / "link").symlink_to(machine.checkout / "bazelw")
    called = subprocess.run(
        [machine.root / "link", "build"],
        env=machine.env | {"BAZELW_ROUTE": "github"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert called.stdout.splitlines()[-1] == "build"


def test_it_can_be_forced(machine: Machine) -> None:
    machine.add_github()
    machine.add("bazelisk", BAZEL)
    machine.add_debian()
    assert "route:   debian (forced" in machine.run("--where", BAZELW_ROUTE="debian").stdout
    assert "route:   github (forced" in machine.run("--where", BAZELW_ROUTE="github").stdout


def test_github_forced_without_a_launcher(machine: Machine) -> None:
    result = machine.run("build", BAZELW_ROUTE="github")
    assert result.returncode == 1
    assert "neither bazelisk nor bazel" in result.stderr


def test_an_unknown_route(machine: Machine) -> None:
    result = machine.run("build", BAZELW_ROUTE="npm")
    assert result.returncode == 1
    assert "github or debian" in result.stderr


@pytest.mark.parametrize("language", ["C", "C.UTF-8"])
def test_a_checkout_beyond_ascii_is_refused_in_a_line(tmp_path: Path, language: str) -> None:
    folder = tmp_path / "prüfung"
    folder.mkdir()
    machine = Machine(folder)
    machine.add("bazelisk", BAZEL)
    result = machine.run("build", BAZELW_ROUTE="github", LC_ALL=language)
    assert (result.returncode, result.stdout) == (1, "")
    (line,) = result.stderr.splitlines()
    assert f"beyond ASCII: neither the checkout's, {machine.checkout}, nor" in line


def test_a_cache_beyond_ascii_is_refused(machine: Machine) -> None:
    machine.add("bazelisk", BAZEL)
    result = machine.run("build", BAZELW_ROUTE="github", XDG_CACHE_HOME="/home/jürgen/.cache")
    assert result.returncode == 1
    assert "nor the cache's, /home/jürgen/.cache" in result.stderr


def test_where_names_the_bazel_and_the_way_to_the_other(machine: Machine) -> None:
    machine.add_github()
    machine.add("bazelisk", BAZEL)
    shown = machine.run("--where").stdout
    assert str(machine.bin / "bazelisk") in shown
    assert VERSION in shown
    assert "BAZELW_ROUTE=debian" in shown


def test_the_github_route_needs_no_tools_of_gnu(machine: Machine) -> None:
    machine.add("bazelisk", BAZEL)
    machine.env["BAZELW_ROUTE"] = "github"
    for tool in ("nproc", "sha256sum", "stat"):
        (machine.bin / tool).unlink()
    assert machine.run("--where").stderr == ""
    assert machine.run("build").stdout.splitlines()[-1] == "build"


def test_a_cache_that_cannot_be_written(machine: Machine) -> None:
    machine.add_github()
    machine.add("bazelisk", BAZEL)
    (machine.root / "file").touch()
    result = machine.run("build", XDG_CACHE_HOME=str(machine.root / "file"))
    assert result.returncode == 1
    assert "XDG_CACHE_HOME" in result.stderr


def test_the_exit_code_is_bazels(machine: Machine) -> None:
    machine.add("bazelisk", BAZEL)
    assert machine.run("exit-7", BAZELW_ROUTE="github").returncode == 7


def test_a_signal_reaches_bazel(machine: Machine) -> None:
    machine.add("bazelisk", BAZEL)
    machine.env["BAZELW_ROUTE"] = "github"
    with machine.start("wait") as process:
        assert process.stdout is not None
        assert "wait\n" in iter(process.stdout.readline, "")
        process.send_signal(signal.SIGTERM)
        assert process.wait() == -signal.SIGTERM
