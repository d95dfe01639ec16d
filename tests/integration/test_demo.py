"""The demo shows the chain at work and leaves nothing behind."""

import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from testing.processes import run_to_end
from testing.runfiles import command_line
from testing.waiting import LIMIT_SECONDS, wait_until

DEMO = "demo/demo"
HOP = re.compile(r"  (orc1|orc2|mock_data) +(\w+) +(\w+) +[\d.]+ ms +(\d+) ms")
METHODS = ["GetUserByName", "GetUser", "GetMockUserData"]


def test_the_demo_shows_both_screens_and_every_hop() -> None:
    ended = run_to_end(DEMO)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert 'Got response:\nname:"krithik" class:"7" roll:70\n' in ended.stdout
    assert 'desc = invalid name "abc"' in ended.stdout
    hops = [HOP.fullmatch(line) for line in ended.stdout.splitlines()]
    seen = [(hop[1], hop[2], hop[3]) for hop in hops if hop]
    expected = list(zip(["orc1", "orc2", "mock_data"], METHODS, strict=True))
    assert seen == [(*server, code) for code in ("OK", "INVALID_ARGUMENT") for server in expected]
    deadlines = [int(hop[4]) for hop in hops if hop]
    assert deadlines[0] > deadlines[1] > deadlines[2]
    assert "\x1b" not in ended.stdout


def test_the_demo_ignores_the_environment_of_its_programs() -> None:
    settings = {"ORC1_UPSTREAM": "nonsense", "CLIENT_OUTPUT": "json"}
    ended = run_to_end(DEMO, "-n", "héllo", environment=settings)
    assert 'name:"héllo" class:"6" roll:60' in ended.stdout
    assert ended.returncode == 0


@pytest.fixture
def demo(tmp_path: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """A running demo, with at least one running server."""
    output = tmp_path / "output"
    with output.open("wb") as file:
        process = subprocess.Popen(command_line(DEMO), stdout=file, stderr=subprocess.PIPE)
    wait_until(lambda: b"127.0.0.1" in output.read_bytes(), "a server runs")
    yield process
    process.kill()
    process.wait()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_demo_that_is_interrupted_leaves_nothing_running(
    demo: "subprocess.Popen[bytes]", number: signal.Signals
) -> None:
    children = psutil.Process(demo.pid).children(recursive=True)
    assert children
    demo.send_signal(number)
    _, written = demo.communicate(timeout=LIMIT_SECONDS)
    assert demo.returncode == 128 + number
    assert written.strip() == b""
    assert not any(child.is_running() for child in children)


def test_a_demo_in_which_the_good_name_is_refused_fails() -> None:
    ended = run_to_end(DEMO, "-n", "short")
    assert ended.returncode == 1
    assert 'desc = invalid name "short"' in ended.stdout
    [line] = ended.stderr.splitlines()
    assert line.startswith("demo: the call for 'short' ended with INVALID_ARGUMENT")


def test_the_names_on_stdin_are_refused() -> None:
    ended = run_to_end(DEMO, "-n", "-")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "the demo asks for one name" in ended.stderr


def test_a_full_disk_is_one_clear_line() -> None:
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(
            command_line(DEMO),
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=LIMIT_SECONDS,
            check=False,
        )
    assert ended.stderr == b"demo: cannot write to stdout: No space left on device\n"
    assert ended.returncode == 1
