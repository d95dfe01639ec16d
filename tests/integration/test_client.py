"""The client's real program against the real chain: its output and its exit code."""

import fcntl
import json
import os
import re
import signal
import struct
import subprocess
import termios
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from testing.addresses import REUSE_PORT, reserved_address
from testing.chain import Chain, running_chain
from testing.processes import running
from testing.runfiles import command_line
from testing.waiting import LIMIT_SECONDS
from tests.support.client import CLIENT, PATIENCE, REQUEST_ID, run_client

KRITHIK = b'Got response:\nname:"krithik" class:"7" roll:70\n'
ABC = re.compile(
    rb'Got error:\nrpc error: code = InvalidArgument desc = invalid name "abc": must be at least'
    rb" 6 bytes, got 3\nrequest id: (" + REQUEST_ID.encode() + rb")\n"
)

NAMED_ABC = ABC.pattern.replace(b"request id", b'name: "abc"\nrequest id')

Client = Callable[..., "subprocess.CompletedProcess[bytes]"]


@pytest.fixture(scope="module")
def chain() -> Iterator[Chain]:
    with running_chain() as chain:
        yield chain


@pytest.fixture
def client(chain: Chain, monkeypatch: pytest.MonkeyPatch) -> Client:
    """Runs the client against the chain, with enough time for a machine under load."""
    monkeypatch.setenv("CLIENT_TARGET", chain.orc1.address)
    monkeypatch.setenv("CLIENT_TIMEOUT", str(LIMIT_SECONDS))
    return run_client


def test_the_references_first_screen(client: Client) -> None:
    ended = client("-n", "krithik")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, KRITHIK, b"")


def test_the_references_second_screen_with_the_id_of_the_request(
    chain: Chain, client: Client
) -> None:
    ended = client("-n", "abc")
    assert (ended.returncode, ended.stdout) == (1, b"")
    screen = ABC.fullmatch(ended.stderr)
    assert screen
    for server in (chain.orc1, chain.orc2, chain.mock_data):
        assert screen[1].decode() in [call["request_id"] for call in server.calls()]


def test_the_name_is_krithik_by_default(client: Client) -> None:
    assert client().stdout == KRITHIK


def test_options_come_from_the_environment_too(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    # With the line ends of a file.
    monkeypatch.setenv("CLIENT_NAME", "john smith\r\nkrithik\n")
    monkeypatch.setenv("CLIENT_OUTPUT", "json")
    names = [json.loads(line)["name"] for line in client().stdout.splitlines()]
    assert names == ["john smith", "krithik"]


def test_names_are_answered_in_order_and_one_error_fails_the_run(
    client: Client,
) -> None:
    ended = client("-n", "héllo", "-n", "abc", "-n", "krithik")
    assert ended.stdout == 'Got response:\nname:"héllo" class:"6" roll:60\n'.encode() + KRITHIK
    assert re.fullmatch(NAMED_ABC, ended.stderr)
    assert ended.returncode == 1


@pytest.mark.parametrize(("names", "line"), [(b"abc\n", b'name: "abc"'), (b"\n", b'name: ""')])
def test_an_error_for_a_name_on_stdin_has_the_name(
    client: Client, names: bytes, line: bytes
) -> None:
    assert line in client("-n", "-", stdin=names).stderr.splitlines()


@pytest.mark.parametrize("jobs", ["1", "7", "500"])
def test_names_on_stdin_are_answered_in_order_for_any_jobs(client: Client, jobs: str) -> None:
    names = [f"name-{number}" for number in range(300)]
    ended = client("-n", "-", "--jobs", jobs, "--output", "json", stdin="\n".join(names).encode())
    assert [json.loads(line)["name"] for line in ended.stdout.splitlines()] == names
    assert ended.returncode == 0
    summary = rb"300 names in \d+\.\d s \(\d+/s\): 300 succeeded, 0 failed\n"
    assert re.fullmatch(summary, ended.stderr)


def test_the_summary_of_many_names_counts_failures_by_code(client: Client) -> None:
    ended = client("-n", "-", "--output", "json", stdin=b"krithik\n" * 98 + b"abc\n" * 2)
    assert ended.returncode == 1
    assert ended.stderr.endswith(b": 98 succeeded, 2 failed (2 INVALID_ARGUMENT)\n")


def test_few_names_have_no_summary(client: Client) -> None:
    assert client("-n", "-", stdin=b"krithik\n" * 99).stderr == b""


def test_a_folder_as_stdin_is_one_clear_line(client: Client, tmp_path: Path) -> None:
    command = [
        "bash",
        "-c",
        'exec "$@" <"$0"',
        str(tmp_path),
        *command_line(CLIENT),
        "-n",
        "-",
    ]
    ended = subprocess.run(command, capture_output=True, timeout=LIMIT_SECONDS, check=False)
    assert (ended.returncode, ended.stdout) == (2, b"")
    assert ended.stderr.startswith(b"client: stdin is no file, pipe or terminal")
    assert ended.stderr.count(b"\n") == 1


def test_json_has_a_line_for_each_name_errors_included(client: Client) -> None:
    ended = client("-n", "abc", "-n", "krithik", "--output", "json")
    error, user = (json.loads(line) for line in ended.stdout.splitlines())
    assert error["name"] == "abc"
    assert user == {"name": "krithik", "class": "7", "roll": 70}
    assert re.fullmatch(REQUEST_ID, error["request_id"])
    assert error["error"]["code"] == "INVALID_ARGUMENT"
    [detail] = error["error"]["details"]
    assert [violation["field"] for violation in detail["fieldViolations"]] == ["name"]
    assert (ended.returncode, ended.stderr) == (1, b"")


def test_a_name_with_a_control_character_is_shown_escaped(client: Client) -> None:
    ended = client("-n", 'a"\x1b[2Jé', "-n", "\x1b")
    assert ended.stdout == 'Got response:\nname:"a\\"\\x1b[2Jé" class:"8" roll:80\n'.encode()
    assert b"\x1b" not in ended.stderr


def test_a_stdin_line_that_is_not_utf8_ends_the_run_there(
    client: Client,
) -> None:
    ended = client("-n", "-", stdin=b"krithik\nkri\xffthik\nkrithik\n")
    assert (ended.returncode, ended.stdout) == (2, KRITHIK)
    assert b"client: line 2 of stdin, byte 4: not UTF-8" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def test_a_slow_server_has_another_error_than_an_absent_one() -> None:
    with running_chain(mock_data=["--delay", "60"]) as chain:
        ended = run_client("--target", chain.orc1.address, "--timeout", "2", "--output", "json")
    error = json.loads(ended.stdout)["error"]
    assert error["code"] == "DEADLINE_EXCEEDED"
    assert "cannot reach" not in error["message"]
    assert ended.returncode == 1


def test_a_server_that_comes_in_time_responds(chain: Chain) -> None:
    with reserved_address() as address:
        options = ["--target", address, *PATIENCE]
        client = subprocess.Popen([*command_line(CLIENT), *options], stdout=subprocess.PIPE)
        upstream = ("--upstream", chain.orc2.address)
        with running("services/orc1", "--listen", address, REUSE_PORT, *upstream):
            assert client.communicate(timeout=LIMIT_SECONDS)[0] == KRITHIK
    assert client.returncode == 0


@pytest.fixture
def conversation(client: Client) -> Iterator["subprocess.Popen[bytes]"]:
    """A client with names from a pipe, one by one. It has answered the first."""
    process = subprocess.Popen(
        [*command_line(CLIENT), "-n", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
    )
    _ask(process)
    yield process
    process.kill()
    process.communicate()


def _ask(process: "subprocess.Popen[bytes]") -> None:
    assert process.stdin
    assert process.stdout
    process.stdin.write(b"krithik\n")
    assert process.stdout.readline() + process.stdout.readline() == KRITHIK


def test_each_name_is_answered_before_the_next_is_known(
    conversation: "subprocess.Popen[bytes]",
) -> None:
    _ask(conversation)
    assert conversation.communicate(timeout=LIMIT_SECONDS) == (b"", b"")
    assert conversation.returncode == 0


def test_ctrl_c_ends_the_client_without_a_traceback(
    conversation: "subprocess.Popen[bytes]",
) -> None:
    conversation.send_signal(signal.SIGINT)
    conversation.wait(LIMIT_SECONDS)
    assert conversation.stderr
    assert (conversation.returncode, conversation.stderr.read().strip()) == (130, b"")


def test_a_reader_that_goes_away_ends_the_client_in_silence(
    conversation: "subprocess.Popen[bytes]",
) -> None:
    assert conversation.stdin
    assert conversation.stdout
    assert conversation.stderr
    conversation.stdout.close()
    conversation.stdin.write(b"krithik\n" * 3)
    conversation.wait(LIMIT_SECONDS)
    assert (conversation.returncode, conversation.stderr.read()) == (1, b"")


@pytest.mark.usefixtures("client")
@pytest.mark.parametrize("argument", ["--name=krithik", "--help", "--version"])
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_full_disk_is_one_clear_line(argument: str, unbuffered: str) -> None:
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(
            [*command_line(CLIENT), argument],
            env=os.environ | {"PYTHONUNBUFFERED": unbuffered},
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=LIMIT_SECONDS,
            check=False,
        )
    assert ended.stderr == b"client: cannot write to stdout: No space left on device\n"
    assert ended.returncode == 1


@pytest.mark.usefixtures("client")
@pytest.mark.parametrize("argument", ["--name=krithik", "--help"])
def test_a_closed_stdout_is_one_clear_line(argument: str) -> None:
    command = ["bash", "-c", 'exec "$@" >&-', "bash", *command_line(CLIENT), argument]
    ended = subprocess.run(command, stderr=subprocess.PIPE, timeout=LIMIT_SECONDS, check=False)
    assert ended.stderr == b"client: cannot write to stdout: Bad file descriptor\n"
    assert ended.returncode == 1


def test_wrong_usage_has_its_exit_code_over_a_full_stderr() -> None:
    with Path("/dev/full").open("wb") as full:
        command = [*command_line(CLIENT), "--bad"]
        ended = subprocess.run(command, stderr=full, timeout=LIMIT_SECONDS, check=False)
    assert ended.returncode == 2


def _run_on_a_terminal(*arguments: str) -> tuple[bytes, bytes]:
    """Runs the client with a terminal as stderr. Returns its output on stdout and the terminal."""
    ours, terminal = os.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("4H", 24, 80, 0, 0))
    with os.fdopen(terminal, "wb") as stderr:
        client = subprocess.run(
            [*command_line(CLIENT), *arguments],
            stdout=subprocess.PIPE,
            stderr=stderr,
            timeout=LIMIT_SECONDS,
            check=False,
        )
        # Reads at the terminal's end wait while its other side is open.
        stderr.write(b"end")
        stderr.flush()
        written = b""
        while not written.endswith(b"end"):
            written += os.read(ours, 65536)
    os.close(ours)
    return client.stdout, written


@pytest.mark.usefixtures("client")
def test_a_terminal_gets_a_progress_bar_for_several_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    stdout, terminal = _run_on_a_terminal("-n", "krithik", "-n", "krithik")
    assert stdout == KRITHIK * 2
    assert b"/2 [" in terminal


@pytest.mark.usefixtures("client")
def test_a_dumb_terminal_gets_no_progress_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    assert _run_on_a_terminal("-n", "krithik", "-n", "krithik") == (KRITHIK * 2, b"end")


@pytest.mark.usefixtures("client")
def test_a_terminal_gets_no_progress_bar_for_one_name() -> None:
    assert _run_on_a_terminal("-n", "krithik") == (KRITHIK, b"end")


def test_a_trace_begins_at_the_client(chain: Chain, client: Client) -> None:
    with reserved_address() as no_collector:
        ended = client("-n", "abc", "--otlp-endpoint", f"http://{no_collector}")
    screen = re.search(rb"request id: (\w+)", ended.stderr)
    assert screen
    [call] = [c for c in chain.orc1.calls() if c["request_id"] == screen[1].decode()]
    assert re.fullmatch(r"[0-9a-f]{32}", call["trace_id"])


@pytest.mark.usefixtures("client")
def test_closed_stdin_is_an_error_only_if_names_come_from_it() -> None:
    def with_closed_stdin(*arguments: str) -> "subprocess.CompletedProcess[bytes]":
        command = [
            "bash",
            "-c",
            'exec "$@" <&-',
            "bash",
            *command_line(CLIENT),
            *arguments,
        ]
        return subprocess.run(command, capture_output=True, timeout=LIMIT_SECONDS, check=False)

    assert with_closed_stdin().stdout == KRITHIK
    refused = with_closed_stdin("-n", "-")
    assert refused.returncode == 2
    assert b"stdin is no file, pipe or terminal" in refused.stderr
