"""bazelw's Debian route: unpacked packages, changes to them, and failures."""

import fcntl
import os
import signal
from pathlib import Path

import pytest

from testing.waiting import wait_until
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
        f"--install_base={prefix}/usr/share/bazel",
        "--trust_install_base",
        f"--server_javabase={prefix}/usr/lib/jvm/java-25-openjdk-amd64",
        "--host_jvm_args=-Djavax.net.ssl.trustStoreType=JKS",
        f"--host_jvm_args=-Djavax.net.ssl.trustStore={trust_store(prefix)}",
        "test",
        "//a b",
    ]


def trust_store(prefix: Path) -> Path:
    """The newest one."""
    return max(prefix.glob("authorities-*.jks"), key=lambda store: store.stat().st_mtime_ns)


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


DEBIAN = "http://mirror.test/debian/dists/bookworm"
SECURITY = "http://security.test/debian-security/dists/bookworm-security"
THIRD_PARTY = "http://nodes.test/node/dists/nodistro"
UBUNTU = "http://archive.test/ubuntu/dists/jammy"


@pytest.mark.parametrize(
    "sources",
    [
        f"{DEBIAN} {SECURITY} {THIRD_PARTY}",
        f"{THIRD_PARTY} {SECURITY} {DEBIAN}",
        f"{UBUNTU} {DEBIAN}",
        f"{THIRD_PARTY} http://mirror.test/frozen/dists/bookworm",
    ],
)
def test_the_mirror_of_debian_is_found_among_others(machine: Machine, sources: str) -> None:
    assert machine.run("build", SOURCES=sources).returncode == 0


def test_what_is_named_as_debians_mirror_is_asked_first(machine: Machine) -> None:
    result = machine.run("build", SOURCES=f"{THIRD_PARTY} {SECURITY} {DEBIAN}")
    assert "nodes.test" not in result.stderr
    assert "security.test" not in result.stderr


def test_sources_without_a_mirror_of_debian(machine: Machine) -> None:
    result = machine.run("build", SOURCES=UBUNTU)
    assert result.returncode == 1
    assert "no mirror in apt's sources has bazel-bootstrap" in result.stderr


def test_the_hosts_choice_of_suites_is_not_ours(machine: Machine) -> None:
    machine.run("build")
    calls = machine.calls_file.read_text("utf-8").splitlines()
    (plan,) = (call for call in calls if " install " in call)
    assert " -o APT::Default-Release= " in plan
    assert " -o Dir::Etc::preferencesparts=/dev/null " in plan


def test_a_step_that_fails_leaves_nothing(machine: Machine) -> None:
    broken = machine.run("build", BROKEN="1")
    assert broken.returncode == 1
    assert broken.stderr.count("failed;") == 1
    assert "Run the command again" in broken.stderr
    assert list(machine.cache.glob("debian-*/")) == []
    assert machine.run("build").returncode == 0


def test_a_signal_ends_the_installation(machine: Machine) -> None:
    with machine.start("build", SLOW="1") as process:
        wait_until(lambda: machine.calls("unpacking") > 0, "it unpacks")
        process.terminate()
        assert process.wait() == -signal.SIGTERM
        os.killpg(process.pid, signal.SIGKILL)
    assert list(machine.cache.glob("debian-*/")) == []
    assert machine.run("build").returncode == 0


def test_what_other_installers_have_left_is_removed(machine: Machine) -> None:
    left = machine.cache / "debian-7.7.0-0123456789ab.partial"
    left.mkdir(parents=True)
    machine.run("build")
    assert not left.exists()


def test_what_another_installer_is_at_work_on_is_not(machine: Machine) -> None:
    others = machine.cache / "debian-7.7.0-0123456789ab.partial"
    others.mkdir(parents=True)
    with others.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        machine.run("build")
    assert others.exists()


def test_a_folder_that_has_lost_its_bazel_is_made_anew(machine: Machine) -> None:
    machine.run("build")
    (prefix,) = machine.prefixes()
    (prefix / "usr/bin/bazel").unlink()
    assert machine.run("build").returncode == 0


@pytest.mark.parametrize("cache", ["a cache", "a:cache", "r&d", "#1", "it's", "cache"])
def test_a_cache_that_bazel_cannot_use(machine: Machine, cache: str) -> None:
    place = str(machine.root / cache) if cache != "cache" else cache
    result = machine.run("build", XDG_CACHE_HOME=place, BAZELW_ROUTE="debian")
    assert result.returncode == 1
    assert "absolute path without spaces" in result.stderr


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
    assert "has bazel-rules-python 0.22.1" in result.stderr
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
    with (machine.checkout / "tools/bazelw/debian_route.sh").open("a") as script:
        script.write("# changed\n")
    machine.run("build")
    assert len(machine.prefixes()) == 2


def test_new_authorities_are_taken_over(machine: Machine) -> None:
    first = machine.run("build").stdout
    os.utime(machine.root / "authorities.pem", (0, 0))
    second = machine.run("build").stdout
    (machine.root / "others.pem").touch()
    third = machine.run("build", SSL_CERT_FILE=str(machine.root / "others.pem")).stdout
    assert len({first, second, third}) == 3
    assert machine.run("build").stdout == second


def test_exit_code(machine: Machine) -> None:
    assert machine.run("exit-7").returncode == 7


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_reaches_bazel(machine: Machine, number: signal.Signals) -> None:
    machine.run("build")
    with machine.start("wait") as process:
        assert process.stdout is not None
        assert "wait\n" in iter(process.stdout.readline, "")
        process.send_signal(number)
        assert process.wait() == -number
