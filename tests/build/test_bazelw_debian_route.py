"""bazelw's Debian route: what is unpacked, what is changed in it, and what happens on a bad day."""

import os
import signal
from pathlib import Path

import pytest

from tests.build.fake_machine import Machine


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    made = Machine(tmp_path)
    made.add_debian()
    return made


def test_bazel_is_called_with_the_folders_rc_file(machine: Machine) -> None:
    result = machine.run("test", "//a b")
    assert result.returncode == 0, result.stderr
    (prefix,) = machine.prefixes()
    assert result.stdout.splitlines() == [
        "--nosystem_rc",
        f"--bazelrc={prefix}/bazelrc",
        "test",
        "//a b",
    ]


def test_the_rc_file_names_only_what_is_in_the_folder(machine: Machine) -> None:
    machine.run("build")
    (prefix,) = machine.prefixes()
    rc = (prefix / "bazelrc").read_text("utf-8")
    assert rc.count("--override_repository=") == 10
    assert rc.count(f"{prefix}/") == rc.count("=/")


def test_it_is_quiet_when_there_is_nothing_to_do(machine: Machine) -> None:
    machine.run("build")
    calls = machine.calls_file.read_text("utf-8")
    assert machine.run("build").stderr == ""
    assert machine.calls_file.read_text("utf-8") == calls


def test_what_was_unpacked_is_recorded(machine: Machine) -> None:
    machine.run("build")
    (prefix,) = machine.prefixes()
    lines = (prefix / "packages.tsv").read_text("utf-8").splitlines()
    assert lines
    assert all(len(line.split("\t")) == 4 for line in lines)


def test_compilers_are_not_downloaded(machine: Machine) -> None:
    machine.run("build")
    assert machine.calls("download bazel-bootstrap=1.0 libfoo-java=1.0") == 1


def test_links_stay_in_the_folder(machine: Machine) -> None:
    machine.run("build")
    (prefix,) = machine.prefixes()
    assert (prefix / "usr/share/java/a.jar").readlink() == Path("a-1.jar")


def test_the_class_path_is_the_folders(machine: Machine) -> None:
    machine.run("build")
    (prefix,) = machine.prefixes()
    listed = (prefix / "usr/share/bazel/bazel_classpath_debian_depends.txt").read_text("utf-8")
    jars = listed.strip().split(":")
    assert [Path(jar).name for jar in jars] == ["a.jar", "b.jar", "perfmark-api.jar"]
    assert all(jar.startswith(f"{prefix}/usr/share/java/") for jar in jars)


def test_a_step_that_fails_leaves_nothing_in_use(machine: Machine) -> None:
    broken = machine.run("build", BROKEN="1")
    assert broken.returncode == 1
    assert "Run the command again" in broken.stderr
    assert machine.prefixes() == []
    assert machine.run("build").returncode == 0


def test_what_an_interrupted_run_left_is_not_taken_for_whole(machine: Machine) -> None:
    machine.run("build")
    (prefix,) = machine.prefixes()
    prefix.rename(prefix.with_name(prefix.name + ".partial"))
    (prefix.with_name(prefix.name + ".partial") / "left").touch()
    assert machine.run("build").returncode == 0
    assert not (prefix / "left").exists()


def test_a_version_that_is_gone(machine: Machine) -> None:
    result = machine.run("build", GONE="1")
    assert result.returncode == 1
    assert "no bazel-rules-python 0.22.1" in result.stderr
    assert "BAZELW_ROUTE=github" in result.stderr


def test_another_architecture(machine: Machine) -> None:
    machine.add("dpkg", "#!/bin/bash\necho riscv64\n")
    result = machine.run("build")
    assert result.returncode == 1
    assert "riscv64" in result.stderr


def test_a_full_disk(machine: Machine) -> None:
    machine.add("df", "#!/bin/bash\necho 1000\n")
    result = machine.run("build")
    assert result.returncode == 1
    assert "MB are free" in result.stderr


def test_two_at_once_fetch_once(machine: Machine) -> None:
    running = [machine.start("build") for _ in range(4)]
    assert [process.wait() for process in running] == [0, 0, 0, 0]
    assert len(machine.prefixes()) == 1
    assert machine.calls("install") == 1


def test_another_installer_takes_another_folder(machine: Machine) -> None:
    machine.run("build")
    with (machine.checkout / "tools/bazel/debian_route.sh").open("a") as script:
        script.write("# changed\n")
    machine.run("build")
    assert len(machine.prefixes()) == 2


def test_new_authorities_are_taken_over(machine: Machine) -> None:
    machine.run("build")
    (prefix,) = machine.prefixes()
    os.utime(prefix / "cacerts.jks", (0, 0))
    machine.run("build")
    assert (prefix / "cacerts.jks").stat().st_mtime > 0


def test_exit_code(machine: Machine) -> None:
    assert machine.run("exit-7").returncode == 7


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_reaches_bazel(machine: Machine, number: signal.Signals) -> None:
    machine.run("build")
    with machine.start("wait") as process:
        assert process.stdout is not None
        while process.stdout.readline() != "wait\n":
            pass
        process.send_signal(number)
        assert process.wait() == -number
